import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CLI_COMMANDS, runCli } from '../cli.ts';
import { createTestHost } from '../testing/test-host.ts';

/** Scripts are sourced by the shells themselves; one that is not installed here is skipped. */
const folder = mkdtempSync(join(tmpdir(), 'nm-completion-'));
const fileOf = (shell: string): string => join(folder, `completion.${shell}`);
const isInstalled = (shell: string): boolean => spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0;
const ENV = { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
const TIMEOUT_MS = 30_000;
/** Not in every system's list of programs. */
const FISH = 'fish';

beforeAll(async () => {
  writeFileSync(join(folder, 'only-map.json'), '');
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const host = createTestHost({ otherCommands: [{ name: 'sniffer', summary: "see a node's traffic: $HOME `id`" }] });
    await runCli(['completion', shell], host);
    writeFileSync(fileOf(shell), host.out());
  }
});

/** Lines whose last word has one completion. */
const CASES = [
  ['a command', 'lis', 'list'],
  ['a command of another part', 'snif', 'sniffer'],
  ['a flag', 'list --to-n', '--to-namespace'],
  ['a flag of one command', 'visualize --as-k', '--as-kubernetes-service'],
  ['a flag after another', 'list --ports --sin', '--since'],
  ['the value of a flag', 'visualize --format s', 'svg'],
  ['the value of a flag with fixed words', 'export --output-type s', 'single-file'],
  ['an argument', 'completion pow', 'powershell'],
  ['a file', 'list --map only', 'only-map.json'],
  ['a file as an argument', 'diff only', 'only-map.json'],
] as const;

describe.skipIf(!isInstalled('bash'))('bash', () => {
  const complete = (line: string): string[] => {
    const words = ['network-mapper', ...line.split(' ')];
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _network_mapper; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['--noprofile', '--norc', '-uc', script, 'bash', fileOf('bash'), ...words], {
      encoding: 'utf8',
      env: ENV,
      cwd: folder,
      timeout: TIMEOUT_MS,
    })
      .trimEnd()
      .split('\n');
  };
  test.each(CASES)('%s', (_name, line, expected) => expect(complete(line)).toEqual([expected]));
  test('every command', () => expect(complete('')).toEqual([...CLI_COMMANDS.filter((name) => name !== 'help'), 'sniffer', '--help']));
});

describe.skipIf(!isInstalled(FISH))('fish', () => {
  const complete = (line: string): string[] =>
    execFileSync(FISH, ['--no-config', '-c', `source ${fileOf('fish')}; complete -C "network-mapper ${line}"`], {
      encoding: 'utf8',
      env: ENV,
      cwd: folder,
      timeout: TIMEOUT_MS,
    })
      .trimEnd()
      .split('\n')
      .map((one) => one.split('\t')[0] ?? '');
  test.each(CASES)('%s', (_name, line, expected) => expect(complete(line)).toEqual([expected]));
  test('every command', () =>
    expect(complete('').toSorted()).toEqual([...CLI_COMMANDS.filter((name) => name !== 'help'), 'sniffer'].toSorted()));
});

describe.skipIf(!isInstalled('zsh'))('zsh', () => {
  // Completion works within a line editor only: a shell in a terminal of zsh's own (zsh/zpty), asked for its line after Tab.
  const driver = `
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PROMPT=; autoload -Uz compinit; compinit -D -u; source '$1'; show() { BUFFER="print -r -- DONE\${(q)BUFFER}END"; zle accept-line }; zle -N show; bindkey "^X" show; cd '$2'; print REA''DY'
zpty -r shell out '*READY*'
zpty -w -n shell "$3"$'\\t\\x18'
zpty -r shell out '*DONE*END*DONE*END*'
print -r -- "$out"
zpty -d shell
`;
  const complete = (line: string): string => {
    const said = execFileSync('zsh', ['-f', '-c', driver, 'zsh', fileOf('zsh'), folder, `network-mapper ${line}`], {
      encoding: 'utf8',
      env: ENV,
      timeout: TIMEOUT_MS,
    });
    return /DONE(.*)END\s*$/.exec(said)?.[1]?.trimEnd() ?? said;
  };
  test.each(CASES)('%s', (_name, line, expected) => {
    const words = line.split(' ').slice(0, -1);
    expect(complete(line)).toBe(['network-mapper', ...words, expected].join(' '));
  });
});
