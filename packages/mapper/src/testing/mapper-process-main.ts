import { runMapper } from '../run-mapper.ts';

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
await runMapper(process.argv.slice(2), {}, { signal: stopping.signal, stdout: (text) => process.stdout.write(text), version: 'test' });
