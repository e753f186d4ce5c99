import { connect } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import { createBodyBudget } from './body-budget.ts';
import { createSeats } from './connection-seats.ts';
import { createHttp2Tap } from './http2-tap.ts';
import type { RequestTap } from './request-tap.ts';

const HOST = 'lambda.us-east-1.amazonaws.com';

/** A connection of a client that is read along: what Node's own client sends goes to the tap and nowhere else. */
function openConnection(tap: RequestTap): { post(path: string): ClientHttp2Stream; close(): void } {
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      tap.push(chunk);
      done();
    },
  });
  const session = connect(`https://${HOST}`, { createConnection: () => wire });
  session.on('error', () => undefined);
  return {
    post: (path) => session.request({ ':method': 'POST', ':path': path }).on('error', () => undefined),
    close: () => {
      session.destroy();
      tap.end();
    },
  };
}

function setup(maxConnections: number, maxPerClient: number) {
  const told: string[] = [];
  const seats = createSeats({ clock: { now: () => 0 } }, { maxConnections, maxPerClient });
  const budget = createBodyBudget(1_000);
  const open = (client: string) =>
    openConnection(
      createHttp2Tap(({ path, body }: AwsHttpRequest) => void told.push(`${client}${path} ${Buffer.from(body).toString()}`), {
        host: HOST,
        maxBodyBytes: 100,
        budget,
        takeSeat: (end) => seats.take(client, end),
      }),
    );
  return { told, open, budget };
}

test('requests are told when they end, or their connection does', async () => {
  const { told, open, budget } = setup(10, 10);
  const connection = open('a');
  connection.post('/1').end('body');
  connection.post('/2').write('half');
  await expect.poll(() => told).toEqual(['a/1 body']);
  connection.close();
  await expect.poll(() => told).toEqual(['a/1 body', 'a/2 half']);
  expect(budget.held).toBe(0);
});

test('a client may take its requests back, all at once', async () => {
  const { told, open, budget } = setup(10, 10);
  const connection = open('a');
  for (const path of ['/1', '/2', '/3']) connection.post(path).write('half');
  await expect.poll(() => budget.held).toBe(12);
  // Resets each of them; what is thrown then, in a turn of its own, would end the process.
  connection.close();
  await expect.poll(() => told.toSorted()).toEqual(['a/1 half', 'a/2 half', 'a/3 half']);
});

test("a client's requests without an end are followed up to its bound; further ones are told by their heads", async () => {
  const { told, open } = setup(100, 3);
  const connections = [open('a'), open('a')];
  for (const [index, connection] of connections.entries())
    for (let stream = 0; stream < 2; stream += 1) connection.post(`/${index}${stream}`).write('body');
  const other = open('b');
  other.post('/x').end('body');
  await expect.poll(() => told.toSorted()).toEqual(['a/11 ', 'b/x body']);
  // Its connection is read as before.
  connections[0]?.close();
  await expect.poll(() => told).toHaveLength(4);
  connections[1]?.post('/later').end('body');
  await expect.poll(() => told.at(-1)).toBe('a/later body');
  for (const connection of [...connections, other]) connection.close();
});

test('when all are followed, the client with most of them gives way', async () => {
  const { told, open } = setup(4, 4);
  const greedy = open('greedy');
  for (let stream = 0; stream < 4; stream += 1) greedy.post(`/${stream}`).write('body');
  const modest = open('modest');
  modest.post('/x').end('body');
  await expect.poll(() => told).toEqual(['greedy/0 body', 'modest/x body']);
  greedy.close();
  modest.close();
});
