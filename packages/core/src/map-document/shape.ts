/** What is wrong with a value, and where below it: `path` is empty, or starts with `.` or `[`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Looks at a value; returns nothing when it has the shape. Never throws. */
export type Check = (value: unknown) => Problem | undefined;

/** A JSON object with these fields; fields that are not listed are tolerated. */
export function object(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  const fields = [
    ...Object.entries(required).map(([name, check]) => ({ name, check, isRequired: true })),
    ...Object.entries(optional).map(([name, check]) => ({ name, check, isRequired: false })),
  ];
  // Plain loops here and below: a large map calls them millions of times.
  return (value) => {
    if (!isObject(value)) return mismatch('an object', value);
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index];
      if (field === undefined) continue;
      const found = value[field.name];
      if (found === undefined && !field.isRequired) continue;
      const problem = field.check(found);
      if (problem !== undefined) return { path: `.${field.name}${problem.path}`, message: problem.message };
    }
    return undefined;
  };
}

export function array(item: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return mismatch('a list', value);
    for (let index = 0; index < value.length; index += 1) {
      const problem = item(value[index]);
      if (problem !== undefined) return { path: `[${index}]${problem.path}`, message: problem.message };
    }
    return undefined;
  };
}

/** An object whose values all have one shape. */
export function record(item: Check): Check {
  return (value) => {
    if (!isObject(value)) return mismatch('an object', value);
    for (const name in value) {
      const problem = item(value[name]);
      if (problem !== undefined) return { path: `[${JSON.stringify(name)}]${problem.path}`, message: problem.message };
    }
    return undefined;
  };
}

export function oneOf(values: readonly string[]): Check {
  return (value) => (typeof value === 'string' && values.includes(value) ? undefined : mismatch(`one of ${values.join(', ')}`, value));
}

export function integer(min: number, max: number): Check {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : mismatch(max === Number.MAX_SAFE_INTEGER ? `an integer from ${min}` : `an integer ${min}..${max}`, value);
}

export const text: Check = (value) => (typeof value === 'string' ? undefined : mismatch('a text', value));
export const nonEmptyText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : mismatch('a text that is not empty', value);
export const flag: Check = (value) => (typeof value === 'boolean' ? undefined : mismatch('true or false', value));

export function mismatch(expected: string, got: unknown): Problem {
  return { path: '', message: `expected ${expected}, got ${describe(got)}` };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Longest text that an error message repeats. */
const MAX_SHOWN = 60;

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const shown = JSON.stringify(value);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}
