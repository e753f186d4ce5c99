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
}

export const DEFAULT_PATH_LIMITS: PathLimits = { maxPlainPaths: 100, maxPaths: 500, maxPairs: 20_000 };

/** Keeps the number of paths of each pair of workloads bounded: whole paths first, then templates, then first segments. */
export function createPathLimiter(limits: PathLimits = DEFAULT_PATH_LIMITS): PathLimiter {
  const pairs = new Map<string, Set<string>>();
  let collapsed = 0;
  return {
    get collapsed(): number {
      return collapsed;
    },
    limit(pair, path): string {
      let paths = pairs.get(pair);
      if (paths === undefined) {
        paths = new Set();
        const oldest = pairs.size >= limits.maxPairs ? pairs.keys().next() : undefined;
        if (oldest?.done === false) pairs.delete(oldest.value);
        pairs.set(pair, paths);
      }
      if (paths.has(path)) return path;
      if (paths.size < limits.maxPlainPaths) {
        paths.add(path);
        return path;
      }
      const template = toPathTemplate(path);
      if (template !== path) collapsed += 1;
      if (paths.has(template)) return template;
      if (paths.size < limits.maxPaths) {
        paths.add(template);
        return template;
      }
      collapsed += 1;
      const second = path.indexOf('/', 1);
      return second < 0 ? '/{path}' : `${toPathTemplate(path.slice(0, second)).slice(0, 128)}/{path}`;
    },
  };
}
