/** What `mqtt-stack completion bash` prints. */
import type { CompletedFlag, Place } from './places.ts'

/** @param leads Words that another one stands behind: `ctl`. */
export function bashScript(places: readonly Place[], leads: readonly string[]): string {
  return `_mqtt_stack_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$1"))
}
_mqtt_stack() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" place="" next="" flags="" files=""
  COMPREPLY=()
  # --flag=value is three words here.
  if [ "$word" = = ]; then word=""
  elif [ "$before" = = ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
      -*) place=" " ;;
      ${leads.join('|')}) place="\${COMP_WORDS[1]}"; [ "$COMP_CWORD" -gt 2 ] && place="$place \${COMP_WORDS[2]}" ;;
      *) place="\${COMP_WORDS[1]}" ;;
    esac
  fi
  [[ $word == -* ]] || case "$place/$before" in
${places.flatMap(valueCases).join('\n')}
  esac
  case "$place" in
${places.flatMap(placeCases).join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) if [ -n "$files" ]; then _mqtt_stack_files "$word"; else COMPREPLY=($(compgen -W "$next" -- "$word")); fi ;;
  esac
}
complete -F _mqtt_stack mqtt-stack
`
}

/** What stands behind flags that want a value. */
function valueCases({ words, flags }: Place): string[] {
  const wanting = flags.filter(({ value }) => value !== 'none')
  const kinds = new Map<string, CompletedFlag[]>()
  for (const flag of wanting) {
    const answer = answerOf(flag)
    kinds.set(answer, [...(kinds.get(answer) ?? []), flag])
  }
  return [...kinds].map(([answer, same]) => {
    const patterns = same.flatMap(spellings).map((flag) => patternsOf(words, flag))
    return `    ${patterns.join('|')}) ${answer}return ;;`
  })
}

/** Flags of the broker itself may come first. */
const patternsOf = (words: string, flag: string): string =>
  words === '' ? `"/${flag}"|" /${flag}"` : `"${words}/${flag}"`

function answerOf({ value }: CompletedFlag): string {
  if (value === 'file') return '_mqtt_stack_files "$word"; '
  if (typeof value === 'string') return ''
  return `COMPREPLY=($(compgen -W "${value.join(' ')}" -- "$word")); `
}

function placeCases({ words, next, files, flags }: Place): string[] {
  const said = [
    `next="${next.map(({ word }) => word).join(' ')}"`,
    `flags="${flags.map(({ name }) => `--${name}`).join(' ')}"`,
    ...(files ? ['files=1'] : []),
  ]
  const own = `    "${words}") ${said.join(' ')} ;;`
  return words === '' ? [own, `    " ") ${said[1]} ;;`] : [own]
}

function spellings({ name, short }: CompletedFlag): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
}
