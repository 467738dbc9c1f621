/** Names in paths: `.` and `..` are steps to whoever reads a URL, even encoded, so they are written with a `~` before them. */

const MARKED = /^~(?=~*\.{1,2}$)/

/** The name that a decoded part of a path stands for: `~..` is `..`, `~~..` is `~..`; others are as they are. */
export function nameOfSegment(segment: string): string {
  return segment.replace(MARKED, '')
}
