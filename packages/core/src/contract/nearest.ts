/** The name that somebody most likely meant. */

/** Of how many letters one may be wrong. */
const LETTERS_A_SLIP = 3
const SLIPS = 3

/**
 * The one of `names` that is nearest to `name`: letters missing, too many, wrong or swapped, one of each three at most.
 * @returns Nothing where none is near.
 */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const plain = name.toLowerCase()
  let least = Math.min(SLIPS, Math.max(1, Math.floor(plain.length / LETTERS_A_SLIP))) + 1
  let nearest: string | undefined
  for (const one of names) {
    const slips = slipsBetween(plain, one.toLowerCase(), least)
    if (slips >= least) continue
    least = slips
    nearest = one
  }
  return nearest
}

/** What to write in the place of a wrong name, in words for an error: the one that was most likely meant, or all that are known. */
export function nameHint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  return near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`
}

/** How many letters are missing, too many, wrong or swapped with their neighbour; `enough` where it is no fewer. */
export function slipsBetween(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1)
    }
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length], enough)
}
