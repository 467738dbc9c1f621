/** What SASLprep (RFC 4013) maps: so that a name or password is the same bytes however it was typed. */

/** Spaces other than that of ASCII (table C.1.2 of RFC 3454). */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/** What is commonly mapped to nothing (table B.1), but for U+200B, which is a space first. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu

/** The text as both sides hash it. Characters that RFC 4013 prohibits stay: what was a password stays one. */
export function prepare(text: string): string {
  return text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
}
