import type { Context } from '../contract/index.ts'
import type { Ledger } from '../memory/index.ts'

/** Why an owner may not have another connection, or another session that outlives it; nothing where it may. */
export function quotaOf(
  ledger: Ledger,
  { client, expiryInterval }: Context<'openSession'>,
  resumed: boolean,
): string | undefined {
  const { connections, sessions } = ledger.bounds
  if (connections === Number.POSITIVE_INFINITY && sessions === Number.POSITIVE_INFINITY) return undefined
  const account = ledger.accountOf(client)
  if (!account.admits('connections'))
    return `more than ${connections} connections of one user (connectionsPerUser)`
  const isAnother = expiryInterval > 0 && !resumed
  return isAnother && !account.admits('sessions')
    ? `more than ${sessions} stored sessions of one user (sessionsPerUser)`
    : undefined
}
