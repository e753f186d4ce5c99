/**
 * One program of the shop. Serves SERVE (ports, comma separated) and repeats STEPS (JSON) every EVERY_MS; each step
 * says what it does on stdout, one JSON line when it is done, so that a test knows the truth.
 *
 *   {"lookup": "name", "family": 4}            getaddrinfo, no connection
 *   {"connect": "name", "port": 80, "family"}  getaddrinfo, then a connection
 *   {"address": "10.0.0.1", "port": 80}        a connection without a lookup
 *   {"resolve": "name", "type": "A"}           c-ares
 *   {"hold": "name", "port": 80}               one connection, kept open
 */
import { lookup, resolve } from 'node:dns/promises';
import { createServer, connect } from 'node:net';

const { SERVE = '', STEPS = '[]', EVERY_MS = '2000', TIMES = '0' } = process.env;
for (const port of SERVE.split(',').filter(Boolean)) {
  createServer((socket) => socket.on('error', () => undefined).on('data', (data) => socket.write(data))).listen(Number(port), '::');
}

const say = (step, more) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...step, ...more })}\n`);
const dial = (host, port, hold) =>
  new Promise((done, fail) => {
    const socket = connect({ host, port });
    socket.setTimeout(3000, () => socket.destroy(new Error('timeout')));
    socket.on('error', fail);
    socket.on('connect', () => {
      if (hold) socket.setTimeout(0);
      else socket.end('hello');
      done(socket.remoteAddress);
    });
    socket.resume();
  });

async function run(step) {
  try {
    if (step.lookup) return say(step, { ok: (await lookup(step.lookup, { family: step.family ?? 0 })).address });
    if (step.resolve) return say(step, { ok: JSON.stringify(await resolve(step.resolve, step.type ?? 'A')).slice(0, 60) });
    if (step.address) return say(step, { ok: await dial(step.address, step.port) });
    if (step.hold && !held.has(step.hold)) {
      const { address } = await lookup(step.hold);
      const ok = await dial(address, step.port, true);
      // Only now: a Service may refuse for a moment after it became ready.
      held.add(step.hold);
      return say(step, { ok });
    }
    if (step.connect) {
      const { address } = await lookup(step.connect, { family: step.family ?? 0 });
      return say(step, { ok: await dial(address, step.port) });
    }
  } catch (error) {
    say(step, { failed: error.code ?? error.message });
  }
}
const held = new Set();

const steps = JSON.parse(STEPS);
for (let round = 0; TIMES === '0' || round < Number(TIMES); round++) {
  for (const step of steps) await run(step);
  if (steps.length === 0 && SERVE !== '') await new Promise(() => setInterval(() => undefined, 1 << 30));
  await new Promise((done) => setTimeout(done, Number(EVERY_MS)));
}
process.exit(0);
