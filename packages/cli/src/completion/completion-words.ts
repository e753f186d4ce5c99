import type { Command as Program } from 'commander';

/** What a shell may complete: commands, their flags, and the words that a flag takes. */
export interface CompletionCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletionFlag[];
  /** Fixed words of the argument (completion's shells); empty when it is a file or there is none. */
  readonly words: readonly string[];
}

export interface CompletionFlag {
  readonly long: string;
  readonly short?: string;
  readonly summary: string;
  /** none: a switch; file: a path follows; words: one of these; text: something that cannot be completed. */
  readonly value: 'none' | 'file' | 'text' | readonly string[];
}

const FILE_FLAGS = new Set(['--map', '--output', '--kubeconfig', '--kube', '--pcap', '--proc']);
const WORDS: Readonly<Record<string, readonly string[]>> = { '--output-type': ['single-file', 'dir'], '--output-version': ['v1', 'v2'] };

export function completionCommands(
  program: Program,
  others: readonly { readonly name: string; readonly summary: string }[],
): CompletionCommand[] {
  const own = program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    flags: command.options
      .filter((option) => !option.hidden && option.long !== undefined && option.long !== null)
      .map((option): CompletionFlag => ({
        long: option.long ?? '',
        ...(typeof option.short === 'string' && { short: option.short }),
        summary: option.description,
        value: valueOf(option.long ?? '', option.description, option.isBoolean()),
      })),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  }));
  return [...own, ...others.map(({ name, summary }) => ({ name, summary, flags: [], words: [] }))];
}

function valueOf(long: string, summary: string, isSwitch: boolean): CompletionFlag['value'] {
  if (isSwitch) return 'none';
  if (long === '--format') return summary.split(', ');
  return WORDS[long] ?? (FILE_FLAGS.has(long) ? 'file' : 'text');
}
