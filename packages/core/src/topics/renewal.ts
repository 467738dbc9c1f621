/** Entries that are moved at once; more would take many milliseconds. */
const MOVED = 8_192

/**
 * Whether what is left in a Map is to be moved to a new one. V8 links each table of a Map to the next, so that an old one
 * keeps young values that have gone; to the table of a new Map none leads.
 * @param gone Entries that were removed since the Map was made.
 */
export function isWorthMoving(gone: number, left: number): boolean {
  return gone > left && left <= MOVED
}
