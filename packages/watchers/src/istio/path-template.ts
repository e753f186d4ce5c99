import { ownText } from '../own-text.ts';

/** Segments of a path that name one thing among many: a number, a UUID, a long hexadecimal or mixed id. */
const ID =
  /^(?:\d+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?=.*\d)[0-9a-fA-F]{12,}|(?=.*\d)(?=.*[A-Za-z])[\w~-]{20,}|\d[\d.:_-]+)$/;

/** The path with ids as `{id}`: `/users/42/cart` is `/users/{id}/cart`. */
export function toPathTemplate(path: string): string {
  return path
    .split('/')
    .map((segment) => (ID.test(segment) ? '{id}' : segment))
    .join('/');
}

export interface PathLimiter {
  /** The path under which a call of this pair of workloads is booked. */
  limit(pair: string, path: string): string;
  /** Paths booked under something shorter so far. */
  readonly collapsed: number;
}

export interface PathLimits {
  /** From so many paths of one pair on, ids are replaced. */
  readonly maxPlainPaths: number;
  /** From so many on, a new path is booked under its first segment. */
  readonly maxPaths: number;
  /** Pairs that are remembered; beyond, the one remembered longest is forgotten. */
  readonly maxPairs: number;
  /** Characters of all paths that are remembered; beyond, pairs are forgotten in the same order. */
  readonly maxCharacters: number;
}

export const DEFAULT_PATH_LIMITS: PathLimits = { maxPlainPaths: 100, maxPaths: 500, maxPairs: 20_000, maxCharacters: 32 * 1024 * 1024 };

/** Keeps the number of paths of each pair of workloads bounded: whole paths first, then templates, then first segments. */
export function createPathLimiter(limits: PathLimits = DEFAULT_PATH_LIMITS): PathLimiter {
  const pairs = new Map<string, Set<string>>();
  let collapsed = 0;
  let characters = 0;

  function forgetOldest(): void {
    for (const [pair, paths] of pairs) {
      pairs.delete(pair);
      for (const path of paths) characters -= path.length;
      return;
    }
  }

  function remember(paths: Set<string>, path: string): string {
    paths.add(ownText(path));
    characters += path.length;
    while (characters > limits.maxCharacters && pairs.size > 0) forgetOldest();
    return path;
  }

  return {
    get collapsed(): number {
      return collapsed;
    },
    limit(pair, path): string {
      let paths = pairs.get(pair);
      if (paths === undefined) {
        paths = new Set();
        if (pairs.size >= limits.maxPairs) forgetOldest();
        pairs.set(pair, paths);
      }
      if (paths.has(path)) return path;
      if (paths.size < limits.maxPlainPaths) return remember(paths, path);
      const template = toPathTemplate(path);
      if (template !== path) collapsed += 1;
      if (paths.has(template)) return template;
      if (paths.size < limits.maxPaths) return remember(paths, template);
      collapsed += 1;
      const second = path.indexOf('/', 1);
      return second < 0 ? '/{path}' : `${toPathTemplate(path.slice(0, second)).slice(0, 128)}/{path}`;
    },
  };
}
