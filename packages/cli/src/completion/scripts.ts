import type { CompletionCommand, CompletionFlag } from './completion-words.ts';

const NAME = 'network-mapper';

/** A switch over the commands, then over the flag before the cursor: works from bash 3.2 (macOS) on. */
export function bashScript(commands: readonly CompletionCommand[]): string {
  const cases = commands.map(({ name, flags, words }) => {
    const values = flags.flatMap((flag) => bashValue(flag));
    return [
      `    ${name})`,
      `      case "$prev" in`,
      ...values,
      '      esac',
      `      words="${[...words, ...flags.map(({ long }) => long), '--help'].join(' ')}" ;;`,
    ].join('\n');
  });
  return `# bash completion for ${NAME}: source this file
_network_mapper() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=( $(compgen -W "${commands.map(({ name }) => name).join(' ')} --help" -- "$cur") )
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=( $(compgen -W "$words" -- "$cur") ) ;;
    *) COMPREPLY=( $(compgen -W "\${words%%--*}" -- "$cur") $(compgen -f -- "$cur") ) ;;
  esac
}
complete -o filenames -F _network_mapper ${NAME}
`;
}

function bashValue({ long, short, value }: CompletionFlag): string[] {
  if (value === 'none') return [];
  const pattern = short === undefined ? long : `${short}|${long}`;
  if (value === 'file') return [`        ${pattern}) COMPREPLY=( $(compgen -f -- "$cur") ); return ;;`];
  if (value === 'text') return [`        ${pattern}) return ;;`];
  return [`        ${pattern}) COMPREPLY=( $(compgen -W "${value.join(' ')}" -- "$cur") ); return ;;`];
}

export function zshScript(commands: readonly CompletionCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${zshQuote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, flags, words }) => {
    const specs = flags.flatMap(zshSpecs);
    const positional = words.length > 0 ? `'1:word:(${words.join(' ')})'` : `'*:file:_files'`;
    return `    ${name}) _arguments ${[...specs, `'--help[show help]'`, positional].join(' \\\n      ')} ;;`;
  });
  return `#compdef ${NAME}
_network_mapper() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_network_mapper" ]; then _network_mapper "$@"; else compdef _network_mapper ${NAME}; fi
`;
}

function zshSpecs({ long, short, summary, value }: CompletionFlag): string[] {
  const text = summary.replace(/[[\]:\\]/g, ' ');
  const action = value === 'none' ? '' : value === 'file' ? ':file:_files' : value === 'text' ? ':value:' : `:value:(${value.join(' ')})`;
  return [long, ...(short === undefined ? [] : [short])].map((flag) => zshQuote(`*${flag}[${text}]${action}`));
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function fishScript(commands: readonly CompletionCommand[]): string {
  const lines = [`complete -c ${NAME} -f`];
  for (const { name, summary, flags, words } of commands) {
    const here = `complete -c ${NAME} -n '__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c ${NAME} -n __fish_use_subcommand -a ${name} -d ${fishQuote(summary)}`);
    if (words.length > 0) lines.push(`${here} -a '${words.join(' ')}'`);
    else lines.push(`${here} -F`);
    for (const { long, short, summary: about, value } of flags) {
      const takes = value === 'none' ? '' : value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : ` -x -a '${value.join(' ')}'`;
      lines.push(`${here} -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}${takes} -d ${fishQuote(about)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function powershellScript(commands: readonly CompletionCommand[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const list = (items: readonly string[]): string => `@(${items.map(quote).join(', ')})`;
  const flags = commands.map(
    ({ name, flags: own, words }) => `    ${quote(name)} = ${list([...words, ...own.map(({ long }) => long), '--help'])}`,
  );
  const values = commands.flatMap(({ name, flags: own }) =>
    own.flatMap(({ long, value }) => (typeof value === 'string' ? [] : [`    ${quote(`${name} ${long}`)} = ${list(value)}`])),
  );
  return `# PowerShell completion for ${NAME}
Register-ArgumentCompleter -Native -CommandName ${NAME} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $flags = @{
${flags.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $words = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
  $count = $words.Count
  if ($wordToComplete -ne '') { $count-- }
  if ($count -le 1) { $candidates = $flags.Keys | Sort-Object }
  else {
    $command = $words[1]
    $previous = $words[$count - 1]
    if ($values.ContainsKey("$command $previous")) { $candidates = $values["$command $previous"] }
    else { $candidates = $flags[$command] }
  }
  $candidates | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`;
}
