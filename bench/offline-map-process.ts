/** One run of bench/offline-map.ts: prints packets, seconds (dump not included), edges and peak memory as JSON. */
import { mapFromFiles } from '../packages/cli/src/map/map-from-files.ts';

const [pcap = '', kube = ''] = process.argv.slice(2);
const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
const base = { kube: [kube], proc: [], clusterName: 'bench', clusterDomain: 'cluster.local', customOwners: [] };
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const dumpStart = performance.now();
const dumpCpuStart = cpuMs();
await mapFromFiles({ ...base, pcap: [] }, hooks);
const dumpMs = performance.now() - dumpStart;
const dumpCpuMs = cpuMs() - dumpCpuStart;
const start = performance.now();
const cpuStart = cpuMs();
const { edges, summary } = await mapFromFiles({ ...base, pcap: [pcap] }, hooks);
let count = 0;
for (const edge of edges) count += edge.shared ? 1 : 1;
const seconds = (performance.now() - start - dumpMs) / 1000;
const cpuSeconds = (cpuMs() - cpuStart - dumpCpuMs) / 1000;
console.log(
  JSON.stringify({ packets: summary.packets, seconds, cpuSeconds, edges: count, maxRssMiB: process.resourceUsage().maxRSS / 1024 }),
);
