/** The broker's own identifiers of messages. */

// Begins at the wall clock, in 1/4096 ms: ahead of what an earlier process can have reached, and below 2^53 until 2039.
let last = Date.now() * 4_096

/**
 * A store that outlives the process says, once, what the highest identifier is that it holds: after a restart with the
 * wall clock set back, identifiers would otherwise come again.
 */
export function passMessageId(held: number): void {
  if (held > last) last = held
}

/** The next identifier: an integer, unique in this process and after its restarts, growing. */
export function nextMessageId(): number {
  return ++last
}
