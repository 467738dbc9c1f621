import { ClientConnection } from '../connection/index.ts'
import type { Client } from '../contract/index.ts'

/** The client of a handle chain, or of a callback's context. */
export function clientOf(subject: unknown): Client | undefined {
  if (subject instanceof ClientConnection) return subject
  const { client } = (subject ?? {}) as { client?: unknown }
  return client instanceof ClientConnection ? client : undefined
}

/** The identifier of the client that a handle chain, or a callback, is about; empty where there is none. */
export function clientIdOf(subject: unknown): string {
  const { clientId } = (subject ?? {}) as { clientId?: unknown }
  return typeof clientId === 'string' ? clientId : (clientOf(subject)?.id ?? '')
}
