/** What a command's exit says. docs/cli.md prints this table; a test holds them together. */
export const EXIT_CODES = [
  { code: 0, name: 'ok', meaning: 'done; also when nothing was found (stderr says so)' },
  { code: 1, name: 'differs', meaning: '`diff` found differences' },
  { code: 2, name: 'usage', meaning: 'a command, flag or value is wrong; nothing was done' },
  { code: 3, name: 'input', meaning: 'a file cannot be read, or is not what it should be' },
  { code: 4, name: 'output', meaning: 'the result cannot be written' },
  { code: 5, name: 'mapper', meaning: 'no mapper can be reached, or it refused' },
  { code: 70, name: 'unexpected', meaning: 'a mistake in this program; the stack is printed' },
  { code: 130, name: 'interrupted', meaning: 'stopped by a signal (Ctrl-C)' },
] as const;

export type ExitName = (typeof EXIT_CODES)[number]['name'];

export function exitCode(name: ExitName): number {
  return EXIT_CODES.find((row) => row.name === name)?.code ?? 70;
}
