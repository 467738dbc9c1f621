/** `mqtt-stack completion`: what a shell offers behind the command, from its tables. */
import { StackError } from '@mqtt-stack/core'
import type { Io } from '../command.ts'
import { DEEDS } from './deeds.ts'

const SHELLS: Readonly<Record<string, (commands: string, deeds: string) => string>> = {
  bash: (commands, deeds) => `_mqtt_stack() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${commands}" -- "$word"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ "\${COMP_WORDS[1]}" = ctl ]; then COMPREPLY=($(compgen -W "${deeds}" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _mqtt_stack mqtt-stack
`,
  zsh: (commands, deeds) => `#compdef mqtt-stack
_mqtt_stack() {
  if (( CURRENT == 2 )); then compadd ${commands}
  elif (( CURRENT == 3 )) && [[ $words[2] == ctl ]]; then compadd ${deeds}
  else _files; fi
}
compdef _mqtt_stack mqtt-stack
`,
  fish: (commands, deeds) => `complete -c mqtt-stack -n __fish_use_subcommand -f -a "${commands}"
complete -c mqtt-stack -n "__fish_seen_subcommand_from ctl" -f -a "${deeds}"
`,
}

/** @param commands Of `mqtt-stack`. */
export async function completion(
  args: readonly string[],
  { stdout }: Pick<Io, 'stdout'>,
  commands: readonly string[],
): Promise<number> {
  const [shell = ''] = args
  if (!Object.hasOwn(SHELLS, shell)) {
    const known = Object.keys(SHELLS).join(', ')
    throw new StackError('OPTION_INVALID', `mqtt-stack completion: say for which shell: ${known}`)
  }
  stdout.write(SHELLS[shell](commands.join(' '), Object.keys(DEEDS).join(' ')))
  return 0
}
