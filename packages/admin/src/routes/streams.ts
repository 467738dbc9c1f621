/** Server-sent events, of which there may be so many at a time. */
import type { Desk } from '../desk.ts'
import { Problem } from '../http/problem.ts'

/** @throws Problem `too-many` */
export function checkRoom({ live, config }: Desk): void {
  if (live.size < config.streams) return
  const detail = `${config.streams} live streams are open already: close one, or raise the option "streams"`
  throw new Problem('too-many', detail, { 'retry-after': '5' })
}

export function eventsOf(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  })
}
