import { createRequire } from 'node:module';
import { getAsset } from 'node:sea';
import { Script } from 'node:vm';

/**
 * The script of the single executable (tools/build-executable.ts): loads the program's chunks, which are assets in
 * CommonJS form, when they are asked for. As one script, everything would be parsed at every start.
 */
const MAIN = './main.js';
const nodeRequire = createRequire(process.execPath);
const loaded = new Map<string, { exports: unknown }>();

type Wrapped = (require: (name: string) => unknown, module: { exports: unknown }, exports: unknown) => void;

function load(name: string): unknown {
  if (!name.startsWith('./')) return nodeRequire(name);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  // Before it runs: chunks may need each other.
  loaded.set(name, module);
  const file = name.slice('./'.length);
  const text = getAsset(file, 'utf8').replace(/^#!.*/, '');
  const run = new Script(`(function(require,module,exports){${text}\n})`, { filename: file }).runInThisContext() as Wrapped;
  run(load, module, module.exports);
  return module.exports;
}

load(MAIN);
