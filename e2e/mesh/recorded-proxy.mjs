// A stand-in for a proxy: answers /stats/prometheus with a file, in which @N grows with every answer.
// recorded-proxy.mjs HOST PORT FILE
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [host, port, file] = process.argv.slice(2);
let answers = 0;
createServer((request, response) => {
  if (!request.url.startsWith('/stats/prometheus')) {
    response.writeHead(404).end();
    return;
  }
  answers += 1;
  response.end(readFileSync(file, 'utf8').replaceAll('@N', String(100 + answers)));
}).listen(Number(port), host);
