/** The broker's own identifiers of messages. */

// Begins at the wall clock, in 1/4096 ms: ahead of what an earlier process can have reached, and below 2^53 until 2039.
let last = Date.now() * 4_096

/** The next identifier: an integer, unique in this process and after its restarts, growing. */
export function nextMessageId(): number {
  return ++last
}
