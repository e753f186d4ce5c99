/**
 * A small DNS server for tests, UDP and TCP on port 53 of all addresses. Names decide the answer:
 * `*.nx.test` NXDOMAIN, `*.empty.test` no data, `alias-N.test` a chain of N names, `big.test` is truncated over UDP,
 * other names below `test` have addresses, everything else is NXDOMAIN.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const NXDOMAIN = 3;
const AAAA = 28;

function nameBytes(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])), Buffer.of(0)]);
}

function record(owner: string, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(30, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameBytes(owner), head, data]);
}

function answer(query: Buffer, overTcp: boolean): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const name = labels.join('.').toLowerCase();
  const answers: Buffer[] = [];
  let rcode = 0;
  let flags = 0x8180;
  if (!name.endsWith('.test') || name.endsWith('.nx.test')) rcode = NXDOMAIN;
  else if (name === 'big.test' && !overTcp) flags |= 0x0200;
  else if (!name.endsWith('.empty.test') && (type === 1 || type === AAAA)) {
    let owner = name;
    const links = Number(/^alias-(\d+)\.test$/.exec(name)?.[1] ?? 0);
    for (let link = 1; link <= links; link++) {
      const target = `link-${link}.test`;
      answers.push(record(owner, 5, nameBytes(target)));
      owner = target;
    }
    const address = type === 1 ? Buffer.of(192, 0, 2, 7) : Buffer.from('20010db8000000000000000000000007', 'hex');
    answers.push(record(owner, type, address));
  }
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(flags | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question, ...answers]);
}

const udp = createSocket({ type: 'udp6', ipv6Only: false });
udp.on('message', (message, from) => {
  try {
    udp.send(answer(message, false), from.port, from.address);
  } catch {
    // Garbage gets no answer.
  }
});
const tcp = createServer((connection) => {
  let pending = Buffer.alloc(0);
  connection.on('error', () => undefined);
  connection.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const length = pending.readUInt16BE(0);
      const reply = answer(pending.subarray(2, 2 + length), true);
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(reply.length);
      connection.write(Buffer.concat([prefix, reply]));
      pending = pending.subarray(2 + length);
    }
  });
});
udp.bind(53, '::', () => tcp.listen(53, '::', () => process.stdout.write('ready\n')));
