/** Names that are nearly a callback's: a method that has one would never be called. */
import type { CallbackRule, MiddlewareLike } from '../contract/index.ts'
import { MEMBERS, slipsBetween } from '../contract/index.ts'
import { PACKET_TYPES } from '../packets/index.ts'

/** A method, and what it was most likely meant to be. */
export interface NearName {
  readonly method: string
  /** The callback; `handle` for a method that is named after a packet. */
  readonly meant: string
}

/** Letters that may be missing, too many, wrong or swapped. */
const SLIPS = 2
/** A shorter name may have fewer: one of each five letters. */
const LETTERS_A_SLIP = 5
/** What other brokers begin the names of their hooks with. */
const PREFIX = /^(?:on|handle)_?(?=[A-Z])/

/**
 * The methods of a middleware that are nearly named like a callback which it does not answer. Whoever answers
 * `storeOfflineMessage` may well have a helper `storeOfflineMessages`.
 */
export function nearNames(
  middleware: MiddlewareLike,
  rules: ReadonlyMap<string, CallbackRule>,
): readonly NearName[] {
  const methods = methodsOf(middleware)
  const found: NearName[] = []
  for (const method of methods) {
    if (MEMBERS.has(method) || rules.has(method)) continue
    const meant = meantBy(method, middleware, rules)
    if (meant !== undefined && !methods.has(meant)) found.push({ method, meant })
  }
  return found
}

/** All that can be called on a middleware, whether core knows it or not. */
export function methodsOf(middleware: MiddlewareLike): ReadonlySet<string> {
  const methods = new Set<string>()
  for (let at: object = middleware; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && key !== 'constructor') methods.add(key)
  }
  return methods
}

function meantBy(
  method: string,
  middleware: MiddlewareLike,
  rules: ReadonlyMap<string, CallbackRule>,
): string | undefined {
  const plain = method.replace(PREFIX, '').toLowerCase()
  let nearest: string | undefined
  let least = Math.min(SLIPS, Math.floor(plain.length / LETTERS_A_SLIP)) + 1
  for (const callback of rules.keys()) {
    const slips = slipsBetween(plain, callback.toLowerCase(), least)
    if (slips < least) {
      least = slips
      nearest = callback
    }
  }
  if (nearest !== undefined || !PREFIX.test(method)) return nearest
  // `onPublish` may also be a helper of one who handles PUBLISH.
  const isPacket = PACKET_TYPES.some((type) => type === plain)
  return isPacket && middleware.handle === undefined ? 'handle' : undefined
}
