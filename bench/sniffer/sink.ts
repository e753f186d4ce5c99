/** A mapper that stores nothing: acknowledges every report and counts rows. Listens on the port given, or any; prints it; GET / answers with the counts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

const counts = { batches: 0, rows: 0, dns: 0, tcp: 0, bytes: 0 };
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    if (request.method === 'GET') {
      response.end(JSON.stringify(counts));
      return;
    }
    const body = Buffer.concat(pieces);
    const { variables } = JSON.parse(gunzipSync(body).toString()) as { variables: { batch: { observations: number[][] } } };
    counts.batches += 1;
    counts.bytes += body.length;
    for (const row of variables.batch.observations) {
      counts.rows += 1;
      if (row[0] === 0) counts.dns += row[13] ?? 0;
      if (row[0] === 1) counts.tcp += row[13] ?? 0;
    }
    const settings = { dnsPorts: [53], reportIntervalMs: 1_000 };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ data: { report: { stored: variables.batch.observations.length, rejected: [], retryAfterMs: 0, settings } } }),
    );
  });
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
// What came until the end, for who asks this process to stop.
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit());
});
