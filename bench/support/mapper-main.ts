import { runMapper } from '@nm/mapper';

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
const { releaseProgramPages } = await import('@nm/sniffer/program-pages');
await runMapper(
  process.argv.slice(2),
  {},
  { signal: stopping.signal, stdout: (text) => process.stdout.write(text), version: 'bench', releaseProgramPages },
);
