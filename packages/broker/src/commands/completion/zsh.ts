/** What `mqtt-stack completion zsh` prints: for a file `_mqtt-stack` in `$fpath`, or to be read by `source`. */
import type { CompletedFlag, Place, Word } from './places.ts'

/** @param leads Words that another one stands behind: `ctl`. */
export function zshScript(places: readonly Place[], leads: readonly string[]): string {
  return `#compdef mqtt-stack
_mqtt_stack() {
  local place= before=$words[CURRENT-1]
  local -a next flags
  local files=
  if [[ $words[CURRENT] == --*=* ]]; then
    before=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  if (( CURRENT > 2 )); then
    case $words[2] in
      (-*) place=' ' ;;
      (${leads.join('|')}) place=$words[2]; (( CURRENT > 3 )) && place="$place $words[3]" ;;
      (*) place=$words[2] ;;
    esac
  fi
  [[ $words[CURRENT] == -* && $words[CURRENT] != *=* ]] || case "$place/$before" in
${places.flatMap(valueCases).join('\n')}
  esac
  case $place in
${places.flatMap(placeCases).join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then _describe flag flags
  elif [[ -n $files ]]; then _files
  elif (( $#next )); then _describe command next
  fi
}
if [[ $funcstack[1] == _mqtt-stack ]]; then _mqtt_stack; else compdef _mqtt_stack mqtt-stack; fi
`
}

function valueCases({ words, flags }: Place): string[] {
  return flags
    .filter(({ value }) => value !== 'none')
    .map((flag) => {
      const patterns = spellings(flag).flatMap((one) =>
        words === '' ? [`"/${one}"`, `" /${one}"`] : [`"${words}/${one}"`],
      )
      return `    (${patterns.join('|')}) ${answerOf(flag)}return ;;`
    })
}

function answerOf({ value }: CompletedFlag): string {
  if (value === 'file') return '_files; '
  return typeof value === 'string' ? '' : `compadd -- ${value.join(' ')}; `
}

function placeCases({ words, next, files, flags }: Place): string[] {
  const flagWords = `flags=(${flags.map(({ name, doc }) => described({ word: `--${name}`, doc })).join(' ')})`
  const nextWords = next.length === 0 ? '' : ` next=(${next.map(described).join(' ')})`
  const own = `    (${quoted(words)}) ${flagWords}${nextWords}${files ? ' files=1' : ''} ;;`
  return words === '' ? [own, `    (' ') ${flagWords} ;;`] : [own]
}

/** As `_describe` reads it: a colon in the word would end it. */
function described({ word, doc }: Word): string {
  return quoted(doc === '' ? word : `${word.replaceAll(':', '\\:')}:${doc}`)
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function spellings({ name, short }: CompletedFlag): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
}
