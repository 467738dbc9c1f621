/**
 * What things cost to keep, in bytes, besides the bytes that clients send: objects, places in maps and trees, and what
 * the other middlewares keep beside them. Measured on Node 20 with 50,000 and more of each, and rounded up.
 */

/** A session, with its identifier. */
export const SESSION_COST = 2_000
/** A subscription, its filter left out. */
export const SUBSCRIPTION_COST = 800
/** How often the bytes of a filter are kept. */
export const FILTER_COPIES = 3
/** A message in a log. */
export const ENTRY_COST = 256
/** A retained message, its bytes and its topic left out. */
export const RETAINED_COST = 700

/** A will, its message left out. */
export const WILL_COST = 1_024

/** What a subscription costs. */
export function subscriptionCost(filter: string): number {
  return SUBSCRIPTION_COST + FILTER_COPIES * filter.length
}
