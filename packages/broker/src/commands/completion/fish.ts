/** What `mqtt-stack completion fish` prints. */
import type { CompletedFlag, Place, Word } from './places.ts'

/** @param leads Words that another one stands behind: `ctl`. */
export function fishScript(places: readonly Place[], leads: readonly string[]): string {
  return `function __mqtt_stack_at
  set -l words (commandline -opc)[2..-1]
  set -l place $words[1]
  if contains -- "$place" ${leads.join(' ')}
    set place (string join ' ' $words[1..2])
  else if string match -q -- '-*' "$place"
    set place ''
  end
  test "$place" = "$argv[1]"
end
function __mqtt_stack_first
  test (count (commandline -opc)) -eq 1
end
complete -c mqtt-stack -f
${places.flatMap(linesOf).join('\n')}
`
}

function linesOf({ words, next, files, flags }: Place): string[] {
  const at = quoted(`__mqtt_stack_at ${quoted(words)}`)
  const first = words === '' ? '__mqtt_stack_first' : at
  return [
    ...next.map((one) => `complete -c mqtt-stack -n ${first} -a ${quoted(one.word)}${docOf(one)}`),
    ...(files ? [`complete -c mqtt-stack -n ${at} -F`] : []),
    ...flags.map((flag) => {
      const short = flag.short === undefined ? '' : ` -s ${flag.short}`
      return `complete -c mqtt-stack -n ${at} -l ${flag.name}${short}${wantedBy(flag)}${docOf(flag)}`
    }),
  ]
}

function wantedBy({ value }: CompletedFlag): string {
  if (value === 'none') return ''
  if (value === 'file') return ' -r -F'
  return value === 'free' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`
}

const docOf = ({ doc }: Pick<Word, 'doc'>): string => (doc === '' ? '' : ` -d ${quoted(doc)}`)

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
