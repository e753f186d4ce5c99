import type { Command } from '../arguments/command.ts';
import { createProgram } from '../arguments/program.ts';
import { completionCommands } from '../completion/completion-words.ts';
import { bashScript, fishScript, powershellScript, zshScript } from '../completion/scripts.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { writeTo } from '../output/write.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript };

export async function runCompletion({ shell }: Extract<Command, { command: 'completion' }>, host: CliHost): Promise<number> {
  const others = host.otherCommands ?? [];
  const { program } = createProgram({ env: {}, now: host.now(), cwd: host.cwd }, () => undefined);
  await writeTo(host.stdout, SCRIPTS[shell](completionCommands(program, others)));
  return exitCode('ok');
}
