import { Client } from '../connection/index.ts'

/** The client of a handle chain, or of a callback's context. */
export function clientOf(subject: unknown): Client | undefined {
  if (subject instanceof Client) return subject
  const { client } = (subject ?? {}) as { client?: unknown }
  return client instanceof Client ? client : undefined
}

/** The identifier of the client that a handle chain, or a callback, is about; empty where there is none. */
export function clientIdOf(subject: unknown): string {
  const { clientId } = (subject ?? {}) as { clientId?: unknown }
  return typeof clientId === 'string' ? clientId : (clientOf(subject)?.id ?? '')
}
