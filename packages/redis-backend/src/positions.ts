/** Places in a stream as strings that `<` compares rightly, which Redis’ own (`5-10` and `5-9`) are not. */
import type { Posted } from '@mqtt-stack/core/backend'

/** As many digits as an entry’s time and its number in a millisecond may have. */
const TIME = 15
const NUMBER = 12

export function positionOf(id: string): string {
  const [time, number] = id.split('-')
  return `${time.padStart(TIME, '0')}-${number.padStart(NUMBER, '0')}`
}

/** Redis’ own. */
export function idOf(position: string): string {
  if (position === '') return '0-0'
  const [time, number] = position.split('-')
  return `${BigInt(time)}-${BigInt(number)}`
}

/** The place right behind it. */
export function idBehind(position: string): string {
  const [time, number] = position.split('-')
  return `${BigInt(time)}-${BigInt(number) + 1n}`
}

/** What XREAD answers: streams with their entries, each of one field. */
export function postedIn(reply: unknown): Posted[] {
  if (reply === null) return []
  const [[, entries]] = reply as [[Buffer, [Buffer, [Buffer, Buffer]][]]]
  return entries.map(([id, [, bytes]]) => ({ position: positionOf(id.toString('latin1')), bytes }))
}
