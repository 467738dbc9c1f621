/** User properties in the form in which mqtt-packet keeps their order when it writes. */
import type { UserPropertiesInit } from '../user-properties.ts'
import { userPairs } from '../user-properties.ts'

/** A list of objects with one pair each; `undefined` for none, for which mqtt-packet would write no packet at all. */
export function pairObjects(given: UserPropertiesInit | undefined): Record<string, string>[] | undefined {
  const pairs = userPairs(given ?? [])
  return pairs.length === 0 ? undefined : pairs.map(([name, value]) => ({ [name]: value }))
}
