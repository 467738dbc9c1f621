const BEGIN = '<!-- hand-written -->'
const END = '<!-- /hand-written -->'
const NOTHING = 'Nothing is written here yet.'

/** The part of the page that people write, with its markers: as it stands in the page so far, or a place for it. */
export function handWritten(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END, begin)
  if (begin < 0) return [BEGIN, NOTHING, END].join('\n')
  if (end < 0) throw new Error(`docs/benchmark.md: ${BEGIN} without ${END}`)
  return page.slice(begin, end + END.length)
}
