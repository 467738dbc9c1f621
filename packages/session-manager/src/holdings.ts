import type { Account, Context, Holdings, Stack, Steps, Store } from '@mqtt-stack/core'

/** Owners that are kept at a time besides those that are asked for, before the smallest go. */
const SPARE = 1_000
/** How the ledger calls owners. */
const IDENTITY = 'identity '
const ADDRESS = 'address '

/** Looks up who holds how much; others have their turn in between. */
export function* lookUpHoldings(
  stack: Stack,
  { identity, by = 'bytes', limit }: Context<'lookupHoldings'>,
  store: Store<'lookupHoldings'>,
): Steps {
  const { ledger, clients, pace } = stack
  const connections = new Map<Account, number>()
  for (const client of clients) {
    if (pace.spent) yield pace.rest()
    const isWanted = identity === undefined || client.session.identity === identity
    if (!client.connected || client.closed || !isWanted) continue
    const account = ledger.accountOf(client)
    connections.set(account, (connections.get(account) ?? 0) + 1)
  }
  const holdingsOf = (account: Account): Holdings => toHoldings(account, connections.get(account) ?? 0)
  if (identity !== undefined) {
    if (limit > 0) store.push(holdingsOf(ledger.account(IDENTITY + identity)))
    return
  }
  let largest: Holdings[] = []
  const owners = [...new Set([...connections.keys(), ...ledger.accounts()])]
  for (const account of owners) {
    if (pace.spent) yield pace.rest()
    largest.push(holdingsOf(account))
    if (largest.length >= limit + SPARE) largest = largestOf(largest, by, limit)
  }
  store.push(...largestOf(largest, by, limit))
}

function largestOf(
  all: Holdings[],
  by: NonNullable<Context<'lookupHoldings'>['by']>,
  limit: number,
): Holdings[] {
  return all.sort((one, other) => other[by] - one[by]).slice(0, limit)
}

function toHoldings(
  { owner, sessions, subscriptions, retained, held }: Account,
  connections: number,
): Holdings {
  const identity = owner.startsWith(IDENTITY) ? owner.slice(IDENTITY.length) : undefined
  const address = owner.startsWith(ADDRESS) ? owner.slice(ADDRESS.length) : owner
  return {
    identity,
    address: identity === undefined ? address : undefined,
    connections,
    sessions,
    subscriptions,
    retained,
    bytes: held,
  }
}
