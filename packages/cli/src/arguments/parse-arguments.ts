import { AppError } from '@nm/core';
import { CommanderError } from 'commander';
import type { Command } from './command.ts';
import { createProgram } from './program.ts';
import type { ProgramContext } from './program.ts';
import { isEvidenceList } from './values.ts';

/**
 * Arguments (without the program's own name) as a command. Pure: the time and the environment are given.
 * @throws AppError USAGE, one line.
 */
export function parseArguments(argv: readonly string[], context: ProgramContext): Command {
  let help = '';
  const { program, result } = createProgram(context, (text) => {
    help += text;
  });
  try {
    program.parse(withEvidenceMarked(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') program.outputHelp();
    if (help !== '') return { command: 'help', text: help };
    throw new AppError('USAGE', toLine(error.message));
  }
  return result() ?? { command: 'help', text: help };
}

/** `--evidence` needs no value: what follows it belongs to it only when it names kinds. */
function withEvidenceMarked(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.flatMap((word, index) => {
    if (end >= 0 && index >= end) return [word];
    const previous = argv[index - 1];
    if (previous === '--evidence' && isEvidenceList(word)) return [];
    if (word !== '--evidence') return [word];
    const next = argv[index + 1];
    return [next !== undefined && isEvidenceList(next) ? `--evidence=${next}` : '--evidence='];
  });
}

/** What commander says, as one line: its own words about an argument are left out where the parser's say it all. */
function toLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/^option '[^']*' argument '[^']*' is invalid\. (?=(unexpected|invalid) )/, '')
    .replaceAll('\n', ' ')
    .trim();
}
