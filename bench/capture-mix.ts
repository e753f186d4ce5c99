import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The traffic of the figures: 5,000 names, 1,000 clients, unique ids, 20 % CNAME, 20 % IPv6, every frame on two interfaces. */
export interface Mix {
  readonly transactions: number;
  readonly names: number;
  readonly clients: number;
  /** TCP attempts, each on two interfaces. */
  readonly attempts: number;
  /** How often the same pairs of client and name come again, later in time: a longer file of the same map. */
  readonly rounds?: number;
}

export const MIX: Mix = { transactions: 200_000, names: 5_000, clients: 1_000, attempts: 100_000 };

/** LINKTYPE_RAW: packets begin at the IP header. */
const LINKTYPE_RAW = 101;
const START_SECONDS = 1_767_268_800;

/** Writes a capture of the mix (classic pcap, raw IP) and the dump that it resolves against. Returns the number of packets. */
export function writeMix(folder: string, mix: Mix = MIX): { readonly pcap: string; readonly kube: string; readonly packets: number } {
  const pcap = join(folder, 'mix.pcap');
  const kube = join(folder, 'kube.json');
  writeFileSync(kube, JSON.stringify(clusterOf(mix)));
  const file = openSync(pcap, 'w');
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  writeSync(file, header);
  let packets = 0;
  let pending: Buffer[] = [];
  const write = (packet: Buffer, microseconds: number): void => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(START_SECONDS + Math.floor(microseconds / 1e6), 0);
    record.writeUInt32LE(microseconds % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    pending.push(record, packet);
    packets += 1;
    if (pending.length >= 4096) flush();
  };
  const flush = (): void => {
    writeSync(file, Buffer.concat(pending));
    pending = [];
  };
  let state = 1;
  const random = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % bound;
  };
  const first = state;
  for (let round = 0, i = 0; i < mix.transactions * (mix.rounds ?? 1); i++) {
    if (i >= (round + 1) * mix.transactions) {
      round += 1;
      state = first;
    }
    const at = i * 500;
    const client = random(mix.clients);
    const name = random(mix.names);
    const isV6 = i % 5 === 0;
    const port = 20_000 + (i % 40_000);
    const query = dns(name, i & 0xffff, false, i % 5 === 1);
    const answer = dns(name, i & 0xffff, true, i % 5 === 1);
    write(udp(isV6, client, DNS_SERVICE, port, 53, query), at);
    write(udp(isV6, client, DNS_POD, port, 53, query), at + 5);
    write(udp(isV6, DNS_POD, client, 53, port, answer), at + 200);
    write(udp(isV6, DNS_SERVICE, client, 53, port, answer), at + 205);
    if (i % Math.round(mix.transactions / mix.attempts) !== 0) continue;
    const server = serverOf(name);
    write(syn(client, server, port, name % 2 === 0 ? 80 : 443, i), at + 300);
    write(syn(client, server, port, name % 2 === 0 ? 80 : 443, i), at + 305);
  }
  flush();
  closeSync(file);
  return { pcap, kube, packets };
}

const DNS_SERVICE = -1;
const DNS_POD = -2;

/** Even names are Services of the cluster, odd ones are outside. */
function hostOf(name: number): string {
  return name % 2 === 0 ? `svc-${name}.shop.svc.cluster.local` : `host-${name}.example.com`;
}

function serverOf(name: number): number[] {
  return name % 2 === 0 ? [10, 96, name >> 8, name & 255] : [203, 0, 113 + ((name >> 8) & 7), name & 255];
}

function address4(who: number): number[] {
  if (who === DNS_SERVICE) return [10, 97, 0, 10];
  if (who === DNS_POD) return [10, 1, 255, 2];
  return [10, 1, who >> 8, who & 255];
}

function address6(who: number): number[] {
  const low = who === DNS_SERVICE ? 0xffff : who === DNS_POD ? 0xfffe : who;
  return [0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, low >> 8, low & 255];
}

function udp(isV6: boolean, from: number, to: number, sourcePort: number, destinationPort: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  const body = Buffer.concat([header, payload]);
  return isV6 ? ip6(address6(from), address6(to), 17, body) : ip4(address4(from), address4(to), 17, body);
}

function syn(client: number, server: readonly number[], sourcePort: number, destinationPort: number, sequence: number): Buffer {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(sourcePort, 0);
  tcp.writeUInt16BE(destinationPort, 2);
  tcp.writeUInt32BE(Math.imul(sequence, 2_654_435_761) >>> 0, 4);
  tcp[12] = 0x50;
  tcp[13] = 0x02;
  return ip4(address4(client), server, 6, tcp);
}

function ip4(from: readonly number[], to: readonly number[], protocol: number, body: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + body.length, 2);
  header[8] = 64;
  header[9] = protocol;
  header.set(from, 12);
  header.set(to, 16);
  return Buffer.concat([header, body]);
}

function ip6(from: readonly number[], to: readonly number[], protocol: number, body: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = protocol;
  header[7] = 64;
  header.set(from, 8);
  header.set(to, 24);
  return Buffer.concat([header, body]);
}

function dns(name: number, id: number, isAnswer: boolean, hasAlias: boolean): Buffer {
  const question = Buffer.concat([encodeName(hostOf(name)), Buffer.from([0, 1, 0, 1])]);
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(isAnswer ? 0x8180 : 0x0100, 2);
  header.writeUInt16BE(1, 4);
  if (!isAnswer) return Buffer.concat([header, question]);
  const target = encodeName(`alias-${name}.cdn.example.net`);
  const alias = Buffer.concat([Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, target.length]), target]);
  const owner = hasAlias ? target : Buffer.from([0xc0, 12]);
  const address = Buffer.concat([owner, Buffer.from([0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ...serverOf(name)])]);
  header.writeUInt16BE(hasAlias ? 2 : 1, 6);
  return Buffer.concat([header, question, ...(hasAlias ? [alias] : []), address]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])]);
}

/** 1,000 client pods of 100 Deployments, a pod behind each Service, the DNS pods. */
function clusterOf(mix: Mix): unknown {
  const items: unknown[] = [];
  const time = '2025-12-31T00:00:00Z';
  const add = (name: string, app: string, addresses: readonly string[], namespace = 'shop'): void => {
    items.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        uid: `uid-${name}`,
        creationTimestamp: time,
        labels: { app },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: app, uid: `uid-set-${app}`, controller: true }],
      },
      spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'x' }] },
      status: { phase: 'Running', startTime: time, podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) },
    });
  };
  for (let i = 0; i < mix.clients; i++) add(`client-${i}`, `client-${i % 100}`, [address4(i).join('.'), `fd00:1::${i.toString(16)}`]);
  add('dns-0', 'dns', [address4(DNS_POD).join('.'), 'fd00:1::fffe'], 'kube-system');
  for (let name = 0; name < mix.names; name += 2) {
    add(`server-${name}`, `server-${name}`, [`10.2.${name >> 8}.${name & 255}`]);
    items.push(serviceOf(`svc-${name}`, 'shop', `server-${name}`, serverOf(name).join('.'), 80, time));
  }
  items.push(serviceOf('kube-dns', 'kube-system', 'dns', address4(DNS_SERVICE).join('.'), 53, time));
  return { apiVersion: 'v1', kind: 'List', items };
}

function serviceOf(name: string, namespace: string, app: string, address: string, port: number, time: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, uid: `uid-svc-${name}`, creationTimestamp: time },
    spec: {
      type: 'ClusterIP',
      clusterIP: address,
      clusterIPs: [address],
      selector: { app },
      ports: [{ port, protocol: port === 53 ? 'UDP' : 'TCP', targetPort: port === 53 ? 53 : 8080 }],
    },
  };
}
