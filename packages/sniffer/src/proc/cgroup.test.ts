import { expect, test } from 'vitest';
import { isUnified, parsePodUid } from './cgroup.ts';

const UID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const UNDERSCORES = UID.replaceAll('-', '_');
const ID = 'c0ffee'.repeat(10);

test.each([
  ['v1 cgroupfs', `12:memory:/kubepods/besteffort/pod${UID}/${ID}\n0::/system.slice/containerd.service`, UID],
  ['v1 cgroupfs, guaranteed', `3:cpu,cpuacct:/kubepods/pod${UID}/${ID}`, UID],
  [
    'v1 systemd, containerd',
    `1:name=systemd:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORES}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    'v1 systemd, containerd with colons',
    `9:pids:/system.slice/containerd.service/kubepods-besteffort-pod${UNDERSCORES}.slice:cri-containerd:${ID}`,
    UID,
  ],
  ['v2 systemd, CRI-O', `0::/kubepods.slice/kubepods-pod${UNDERSCORES}.slice/crio-${ID}.scope/container`, UID],
  ['v2 cgroupfs', `0::/kubepods/burstable/pod${UID}/${ID}`, UID],
  ['cri-dockerd', `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORES}.slice/docker-${ID}.scope`, UID],
  ['Docker driver', `5:devices:/kubepods/besteffort/pod${UID}/${ID}`, UID],
  ['private cgroup namespace', `0::/../../pod${UID}/${ID}`, UID],
  ['private cgroup namespace, systemd', `0::/../../kubepods-besteffort-pod${UNDERSCORES}.slice/cri-containerd-${ID}.scope`, UID],
  [
    'node in a container',
    `0::/docker/${ID}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORES}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  ['pod inside a pod', `0::/kubepods/pod11111111-2222-3333-4444-555555555555/${ID}/kubepods/pod${UID}/${ID}`, UID],
  ['static pod', `0::/kubepods/burstable/pod0123456789abcdef0123456789abcdef/${ID}`, '0123456789abcdef0123456789abcdef'],
  [
    'static pod, systemd',
    `0::/kubepods.slice/kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/x.scope`,
    '0123456789abcdef0123456789abcdef',
  ],
  ['pod cgroup itself', `0::/kubepods/pod${UID}`, UID],
  ['no pod', '0::/system.slice/sshd.service', undefined],
  ['Podman', `0::/machine.slice/libpod-${ID}.scope`, undefined],
  ['a name that only looks like one', `0::/user.slice/tripod${UID}`, undefined],
  ['empty', '', undefined],
])('%s', (_name, text, expected) => expect(parsePodUid(text)).toBe(expected));

test.each([
  ['version 2', `0::/kubepods/pod${UID}/x`, true],
  ['both versions, pods in both', `1:cpu:/kubepods/pod${UID}/x\n0::/kubepods/pod${UID}/x`, true],
  ['pods in version 1 alone', `1:cpu:/kubepods/pod${UID}/x\n0::/system.slice/containerd.service`, false],
  ['version 1', `1:cpu:/kubepods/pod${UID}/x`, false],
])('a cgroup of version 2 of its own: %s', (_name, text, expected) => expect(isUnified(text)).toBe(expected));
