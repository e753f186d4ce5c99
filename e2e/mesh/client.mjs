// An application of the mesh: calls its server through the sidecar's outbound port, over and over.
import { request } from 'node:http';

const CALLS = [
  ['GET', '/cart?user=1'],
  ['HEAD', '/healthz'],
  ['POST', '/v1.2/orders/a%2Fb.json?x=1'],
];
const headers = { host: 'cart.mesh.svc.cluster.local:8080', 'x-client': 'web' };
setInterval(() => {
  for (const [method, path] of CALLS) {
    request({ host: '127.0.0.1', port: 15001, method, path, headers, agent: false }, (answer) => answer.resume())
      .on('error', () => undefined)
      .end();
  }
}, 500);
