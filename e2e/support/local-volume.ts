import { inNode, kubectl } from './cluster.ts';

const STORAGE_CLASS = 'e2e';
const NAME = 'network-mapper-e2e';
const FOLDER = '/run/network-mapper-data';

/** With these the chart's claim takes the volume. */
export const LOCAL_VOLUME_VALUES = [`mapper.store.persistence.storageClassName=${STORAGE_CLASS}`, 'mapper.store.persistence.size=1Gi'];

/** The cluster has no storage: a folder of a node that outlives the mapper's pod. */
export async function createLocalVolume(): Promise<void> {
  await inNode('node-1', ['mkdir', '-p', FOLDER]);
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: NAME },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: STORAGE_CLASS,
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path: FOLDER },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] }] }] },
      },
    },
  };
  await kubectl(['apply', '-f', '-'], JSON.stringify(volume));
}

export async function removeLocalVolume(): Promise<void> {
  await kubectl(['delete', 'persistentvolume', NAME, '--ignore-not-found', '--timeout=30s']);
  await inNode('node-1', ['rm', '-rf', FOLDER]);
}
