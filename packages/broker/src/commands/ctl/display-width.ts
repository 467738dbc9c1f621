/** How many columns of a terminal text takes, and text that is cut to so many. */

/** What takes two columns: East Asian wide and fullwidth letters (Unicode's UAX 11), and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
/** What stands on the letter before it, or is not seen at all. */
const UNSEEN = /^[\p{Mn}\p{Me}\p{Cf}\p{Default_Ignorable_Code_Point}]+$/u
const ASCII = /^[\x20-\x7e]*$/
const CUT = '…'

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that text takes which ends no line and moves no cursor; one that takes more than `most` is as long as that. */
export function widthOf(text: string, most: number = Number.POSITIVE_INFINITY): number {
  if (ASCII.test(text)) return Math.min(text.length, most)
  let width = 0
  for (const { segment } of letters.segment(text)) {
    width += widthOfLetter(segment)
    if (width >= most) return most
  }
  return width
}

/** The text in `most` columns: what is longer ends with `…`, before a letter that would not be seen whole. */
export function cutTo(text: string, most: number): string {
  if (widthOf(text, most + 1) <= most) return text
  let width = 0
  let end = 0
  for (const { segment, index } of letters.segment(text)) {
    width += widthOfLetter(segment)
    if (width > most - 1) break
    end = index + segment.length
  }
  return most < 1 ? '' : `${text.slice(0, end)}${CUT}`
}

function widthOfLetter(letter: string): number {
  if (UNSEEN.test(letter)) return 0
  return WIDE.test(letter) ? 2 : 1
}
