import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createCaptureDecoder } from '@nm/wire';
import { aRecord, dnsMessage, ethernet, ip, udp } from '@nm/wire/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSandbox, script, setResolver } from './testing/sandbox.ts';
import type { Sandbox, SandboxPod } from './testing/sandbox.ts';

interface Line {
  readonly kind: string;
  readonly vantage: string;
  readonly count: number;
  readonly source: Readonly<Record<string, unknown>>;
  readonly destination: Readonly<Record<string, unknown>>;
}

const UDP = 17;
const PATIENCE = { timeout: 10_000, interval: 50 } as const;
const HOST_POD = '00000000-0000-4000-8000-00000000beef';
const HOST_POD2 = '00000000-0000-4000-8000-00000000cafe';
const lines: Line[] = [];
let sandbox: Sandbox;
let client: SandboxPod;
let server: SandboxPod;
let dns: SandboxPod;
let sniffer: ChildProcess | undefined;

beforeAll(async () => {
  sandbox = createSandbox();
  client = sandbox.pod('c');
  server = sandbox.pod('s');
  dns = sandbox.pod('d');
  setResolver('c', `nameserver ${dns.address}\nsearch shop.svc.nx.test svc.nx.test\noptions ndots:5\n`);
  await dns.start(process.execPath, script('dns-server.ts'));
  await server.start(process.execPath, '-e', LISTEN(18080));
  // Connections that are older than the sniffer.
  await client.start(process.execPath, '-e', CONNECT(server.address, 18080));
  await client.start(process.execPath, '-e', CONNECT_UDP(server.address, 18081));
  sniffer = spawn('ip', ['netns', 'exec', sandbox.node, process.execPath, script('run.ts'), 'sniffer', '--print', '--format', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let pending = '';
  sniffer.stdout?.on('data', (piece: Buffer) => {
    const parts = (pending + piece.toString()).split('\n');
    pending = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  await new Promise<void>((resolve) => sniffer?.stderr?.once('data', () => resolve()));
});

afterAll(() => {
  sniffer?.kill('SIGKILL');
  sandbox.close();
});

const LISTEN = (port: number): string =>
  `require('net').createServer((c) => c.on('error', () => {})).listen(${port}, '::', () => console.log('ready'))`;
const CONNECT = (address: string, port: number): string =>
  `require('net').connect(${port}, '${address}', () => console.log('ready')).on('error', () => {})`;
const CALL = (address: string, port: number): string =>
  `require('net').connect(${port}, '${address}', () => process.exit()).on('error', () => process.exit(1))`;
const CONNECT_UDP = (address: string, port: number): string =>
  `require('dgram').createSocket('udp4').connect(${port}, '${address}', () => console.log('ready'))`;
/** Open for a second. */
const SHORT_CALL = (address: string, port: number): string =>
  `require('net').connect(${port}, '${address}', () => { console.log('ready'); setTimeout(() => process.exit(), 1_000) }).on('error', () => process.exit(1))`;
const RESOLVE = (name: string, servers: string, type = 'A'): string =>
  `const r = new (require('dns').promises.Resolver)(); r.setServers(['${servers}']); r.resolve('${name}', '${type}').catch((e) => e.code).then(() => process.exit())`;

function found(kind: string, name: unknown): Line[] {
  return lines.filter((line) => line.kind === kind && (line.destination['name'] === name || line.destination['port'] === name));
}

const total = (of: readonly Line[]): number => of.reduce((sum, { count }) => sum + count, 0);

describe('lookups', () => {
  test.each([
    ['over IPv4', 'udp4.test', 'A', () => dns.address, '192.0.2.7'],
    ['over IPv6', 'udp6.test', 'A', () => `[${dns.address6}]`, '192.0.2.7'],
    ['of an IPv6 address', 'aaaa.test', 'AAAA', () => dns.address, '2001:db8::7'],
    ['truncated, again over TCP', 'big.test', 'A', () => dns.address, '192.0.2.7'],
  ])('%s: counted once, with the pod that asked', async (_name, name, type, address, expected) => {
    client.run(process.execPath, '-e', RESOLVE(name, address(), type));
    await vi.waitFor(() => expect(found('dns', name)).toHaveLength(1), PATIENCE);
    expect(found('dns', name)[0]).toMatchObject({
      vantage: 'client',
      count: 1,
      source: { podUid: client.uid },
      destination: { addresses: [expected] },
    });
  });

  test('a chain of CNAMEs: the name asked for, and its end', async () => {
    client.run(process.execPath, '-e', RESOLVE('alias-5.test', dns.address));
    await vi.waitFor(() => expect(found('dns', 'alias-5.test')).toHaveLength(1), PATIENCE);
    expect(found('dns', 'alias-5.test')[0]?.destination).toMatchObject({
      name: 'alias-5.test',
      canonicalName: 'link-5.test',
      addresses: ['192.0.2.7'],
    });
  });

  test.each([
    ['in a VLAN', 'vlan.test', [0x8100]],
    ['in a VLAN within a VLAN', 'two-vlans.test', [0x88a8, 0x8100]],
  ])('%s', async (_name, question, tags) => {
    const message = { id: tags.length, question };
    const asked = udp(40_000, 53, dnsMessage(message));
    const answered = udp(53, 40_000, dnsMessage({ ...message, answers: [aRecord([0xc0, 12], '192.0.2.7')] }));
    const [from, to] = [client.address, '10.77.0.250'];
    const frames = [
      ip({ source: from, destination: to, protocol: UDP, payload: asked }),
      ip({ source: to, destination: from, protocol: UDP, payload: answered }),
    ].map((packet) => Buffer.from(ethernet(0x0800, packet, tags)).toString('hex'));
    const index = client.run('cat', '/sys/class/net/eth0/ifindex').trim();
    client.run(process.execPath, script('send-frames.ts'), index, ...frames);
    await vi.waitFor(() => expect(found('dns', question)).toHaveLength(1), PATIENCE);
    expect(found('dns', question)[0]).toMatchObject({ count: 1, source: { podUid: client.uid } });
  });

  test('a search list: only the name that exists', async () => {
    client.run('getent', 'ahostsv4', 'listed.test');
    await vi.waitFor(() => expect(total(found('dns', 'listed.test'))).toBeGreaterThan(0), PATIENCE);
    expect(lines.filter((line) => String(line.destination['name']).includes('nx.test'))).toEqual([]);
  });

  test('no data makes nothing', async () => {
    client.run(process.execPath, '-e', RESOLVE('none.empty.test', dns.address));
    client.run(process.execPath, '-e', RESOLVE('after-none.test', dns.address));
    await vi.waitFor(() => expect(found('dns', 'after-none.test')).toHaveLength(1), PATIENCE);
    expect(found('dns', 'none.empty.test')).toEqual([]);
  });

  test('a pod that lives for less than a second is attributed', async () => {
    const fast = sandbox.pod('f');
    fast.run(process.execPath, '-e', RESOLVE('fast.test', dns.address).replace('process.exit()', 'setTimeout(() => process.exit(), 300)'));
    await vi.waitFor(() => expect(found('dns', 'fast.test')).toHaveLength(1), PATIENCE);
    expect(found('dns', 'fast.test')[0]).toMatchObject({ vantage: 'client', source: { address: fast.address, podUid: fast.uid } });
  });

  test('garbage on the DNS port harms nothing', async () => {
    const garbage = `const s = require('dgram').createSocket('udp4'); let n = 0; for (let i = 0; i < 500; i++) s.send(require('crypto').randomBytes(1 + i % 300), 53, '${dns.address}', () => { if (++n === 500) process.exit() })`;
    server.run(process.execPath, '-e', garbage);
    client.run(process.execPath, '-e', RESOLVE('after-garbage.test', dns.address));
    await vi.waitFor(() => expect(found('dns', 'after-garbage.test')).toHaveLength(1), PATIENCE);
  });
});

describe('connections', () => {
  test.each([
    ['IPv4', 9001, () => server.address],
    ['IPv6', 9002, () => server.address6],
  ])('an attempt over %s counts once; both ends are known', async (_name, port, address) => {
    await server.start(process.execPath, '-e', LISTEN(port));
    client.run(process.execPath, '-e', CALL(address(), port));
    await vi.waitFor(() => expect(found('tcp', port)).toHaveLength(1), PATIENCE);
    expect(found('tcp', port)[0]).toMatchObject({
      vantage: 'client',
      count: 1,
      source: { podUid: client.uid },
      destination: { address: address(), port, podUid: server.uid, protocol: 'TCP' },
    });
  });

  test('an attempt by a name that was looked up has the name', async () => {
    client.run(
      process.execPath,
      '-e',
      RESOLVE('named.test', dns.address).replace(
        'process.exit()',
        "{ require('net').connect(9003, '192.0.2.7').on('error', () => {}); setTimeout(() => process.exit(), 200) }",
      ),
    );
    await vi.waitFor(() => expect(found('tcp', 9003)).toHaveLength(1), PATIENCE);
    expect(found('tcp', 9003)[0]?.destination).toMatchObject({ name: 'named.test', address: '192.0.2.7' });
  });

  test('an old connection is seen from both ends, the listener is the server', async () => {
    const of = (vantage: string): Line | undefined =>
      lines.find((line) => line.kind === 'socket' && line.vantage === vantage && line.destination['port'] === 18080);
    await vi.waitFor(() => expect([of('client'), of('server')]).not.toContain(undefined), PATIENCE);
    expect(of('client')).toMatchObject({
      count: 1,
      source: { address: client.address, podUid: client.uid },
      destination: { address: server.address },
    });
    expect(of('server')).toMatchObject({
      count: 1,
      source: { address: client.address },
      destination: { address: server.address, podUid: server.uid },
    });
  });

  test('a connected UDP socket is seen', async () => {
    const of = (): Line | undefined => lines.find(({ kind, destination }) => kind === 'udp' && destination['port'] === 18081);
    await vi.waitFor(() => expect(of()).toBeDefined(), PATIENCE);
    expect(of()).toMatchObject({
      vantage: 'client',
      count: 1,
      source: { podUid: client.uid },
      destination: { address: server.address, protocol: 'UDP' },
    });
  });

  test('a new connection is noticed', async () => {
    await server.start(process.execPath, '-e', LISTEN(9004));
    await client.start(process.execPath, '-e', CONNECT(server.address, 9004));
    await vi.waitFor(() => expect(found('socket', 9004).length).toBeGreaterThan(0), PATIENCE);
  });

  test('a host-network pod is told by its socket', async () => {
    await server.start(process.execPath, '-e', LISTEN(9005));
    await sandbox.start([process.execPath, '-e', CONNECT(server.address, 9005)], HOST_POD);
    // Its process is known by now, whatever it was when it connected.
    await sandbox.start([process.execPath, '-e', CONNECT(server.address, 9005)]);
    const of = (): Line | undefined =>
      lines.find((line) => line.kind === 'socket' && line.destination['port'] === 9005 && line.source['podUid'] === HOST_POD);
    await vi.waitFor(() => expect(of()).toBeDefined(), PATIENCE);
    expect(of()).toMatchObject({ vantage: 'client', source: { address: '10.77.0.1' } });
  });

  describe('short attempts of several pods on the host network', () => {
    test.each([
      ['over IPv4', 9011, () => server.address],
      ['over IPv6', 9012, () => server.address6],
    ])('%s: each is its own pod, and a process of none stays the node', async (_name, port, address) => {
      await server.start(process.execPath, '-e', LISTEN(port));
      for (const uid of [HOST_POD, HOST_POD2, HOST_POD, undefined])
        await sandbox.start([process.execPath, '-e', SHORT_CALL(address(), port)], uid);
      await vi.waitFor(() => expect(total(found('tcp', port))).toBe(4), PATIENCE);
      const sums = new Map<unknown, number>();
      for (const { source, count } of found('tcp', port)) sums.set(source['podUid'], (sums.get(source['podUid']) ?? 0) + count);
      expect(sums).toEqual(
        new Map<unknown, number>([
          [HOST_POD, 2],
          [HOST_POD2, 1],
          [undefined, 1],
        ]),
      );
    });

    test("to a Service that the node's own rules translate: the pod, and what it asked for", async () => {
      sandbox.run('ip', 'route', 'add', '10.96.0.60', 'dev', 'cni0');
      sandbox.run(
        ...'iptables -t nat -A OUTPUT -d 10.96.0.60 -p tcp --dport 80 -j DNAT --to-destination'.split(' '),
        `${server.address}:9013`,
      );
      await server.start(process.execPath, '-e', LISTEN(9013));
      await sandbox.start([process.execPath, '-e', SHORT_CALL('10.96.0.60', 80)], HOST_POD);
      await vi.waitFor(() => expect(found('tcp', 9013)).toHaveLength(1), PATIENCE);
      expect(found('tcp', 9013)[0]).toMatchObject({
        count: 1,
        source: { podUid: HOST_POD },
        destination: { address: server.address, podUid: server.uid, asked: { address: '10.96.0.60', port: 80 } },
      });
    });
  });

  test('through a Service address (DNAT): the pod behind it, and what was asked', async () => {
    try {
      sandbox.run(
        'iptables',
        '-t',
        'nat',
        '-A',
        'PREROUTING',
        '-d',
        '10.96.0.50',
        '-p',
        'tcp',
        '--dport',
        '80',
        '-j',
        'DNAT',
        '--to-destination',
        `${server.address}:9006`,
      );
    } catch (error) {
      throw new Error('this test needs iptables with the nat table: apt-get install iptables', { cause: error });
    }
    await server.start(process.execPath, '-e', LISTEN(9006));
    sandbox.run('iptables', '-t', 'nat', '-A', 'POSTROUTING', '-s', '10.77.0.0/24', '-d', server.address, '-j', 'MASQUERADE');
    client.run(process.execPath, '-e', CALL('10.96.0.50', 80));
    await vi.waitFor(() => expect(found('tcp', 9006)).toHaveLength(1), PATIENCE);
    expect(found('tcp', 9006)[0]).toMatchObject({
      vantage: 'client',
      count: 1,
      source: { address: client.address, podUid: client.uid },
      destination: { address: server.address, podUid: server.uid, asked: { address: '10.96.0.50', port: 80 } },
    });
    expect(found('tcp', 80)).toEqual([]);
  });
});

describe('rights', () => {
  /** As root, with these capabilities only. */
  const startWith = (capabilities: string, ...args: readonly string[]): ChildProcess => {
    const rights = ['setpriv', `--bounding-set=-all${capabilities}`, `--inh-caps=-all${capabilities}`];
    return spawn('ip', ['netns', 'exec', sandbox.node, ...rights, process.execPath, script('run.ts'), 'sniffer', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const collect = (stream: NodeJS.ReadableStream | null): { text: string } => {
    const collected = { text: '' };
    stream?.on('data', (piece: Buffer) => (collected.text += piece.toString()));
    return collected;
  };

  test('without SYS_PTRACE: said, and pods are told by their cgroups', async () => {
    const child = startWith(',+net_raw', '--print');
    try {
      const [output, errors] = [collect(child.stdout), collect(child.stderr)];
      await vi.waitFor(() => expect(errors.text).toContain('SYS_PTRACE'), PATIENCE);
      await server.start(process.execPath, '-e', LISTEN(9007));
      const call = `${RESOLVE('rights.test', dns.address).replace('process.exit()', `require('net').connect(9007, '${server.address}')`)}; setTimeout(() => process.exit(), 2000)`;
      client.run(process.execPath, '-e', call);
      await vi.waitFor(() => {
        const of = (...texts: readonly string[]): string | undefined =>
          output.text.split('\n').find((line) => texts.every((text) => line.includes(text)));
        expect(of(' dns ', 'rights.test')).toContain(client.uid);
        expect(of(' tcp ', `${server.address}:9007`)).toContain(`client ${client.address}[pod ${client.uid}] -> `);
      }, PATIENCE);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('without NET_RAW: ends at once and names the right', async () => {
    const child = startWith('', '--print');
    const errors = collect(child.stderr);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
    expect(errors.text).toContain('NET_RAW');
  });
});

test('no interface is made promiscuous for it', () => {
  // A bridge does so with its ports by itself.
  const flags = sandbox
    .run('ip', '-details', '-oneline', 'link', 'show')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('bridge_slave'));
  expect(flags.length).toBeGreaterThan(1);
  for (const line of flags) expect(line).toContain('promiscuity 0');
});

test('interfaces that come and go: what is captured afterwards is seen', async () => {
  const passing = sandbox.pod('p');
  passing.run(process.execPath, '-e', RESOLVE('passing.test', dns.address));
  sandbox.run('ip', 'link', 'set', 'cni0', 'down');
  sandbox.run('ip', 'link', 'set', 'cni0', 'up');
  passing.run('ip', 'link', 'del', 'eth0');
  client.run(process.execPath, '-e', RESOLVE('after-passing.test', dns.address));
  await vi.waitFor(() => expect([found('dns', 'passing.test'), found('dns', 'after-passing.test')].flat()).toHaveLength(2), PATIENCE);
});

test('capture writes what the filter passes, and nothing else', async () => {
  const folder = mkdtempSync(`${tmpdir()}/nm-capture-`);
  try {
    const file = `${folder}/out.pcapng`;
    const OTHER = `const s = require('dgram').createSocket('udp4'); s.send('not dns', 9999, '${dns.address}', () => process.exit())`;
    const capture = spawn(
      'ip',
      ['netns', 'exec', sandbox.node, process.execPath, script('run.ts'), 'capture', '-o', file, '--duration', '3s'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let isOver = false;
    const over = new Promise<void>((resolve) => capture.once('exit', () => resolve())).then(() => {
      isOver = true;
    });
    while (!isOver) {
      client.run(process.execPath, '-e', OTHER);
      client.run(process.execPath, '-e', RESOLVE('to-file.test', dns.address));
      await new Promise(setImmediate);
    }
    await over;
    const packets: Uint8Array[] = [];
    const decoder = createCaptureDecoder();
    decoder.push(readFileSync(file));
    while (decoder.next()) {
      const { bytes, offset, capturedLength } = decoder.record;
      packets.push(bytes.slice(offset, offset + capturedLength));
    }
    expect(packets.length).toBeGreaterThanOrEqual(4);
    expect(packets.filter((bytes) => bytes[0] === 0x45 && bytes[9] === 17).length).toBeGreaterThanOrEqual(4);
    // Never the other datagrams.
    expect(packets.some((bytes) => Buffer.from(bytes).includes('not dns'))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
