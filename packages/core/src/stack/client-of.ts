import type { Client } from '../contract/index.ts'

/** The client of a handle chain, or of a callback's context. */
export function clientOf(subject: unknown): Client | undefined {
  const { client = subject } = (subject ?? {}) as { client?: unknown }
  return isClient(client) ? client : undefined
}

/** The identifier of the client that a handle chain, or a callback, is about; empty where there is none. */
export function clientIdOf(subject: unknown): string {
  const { clientId } = (subject ?? {}) as { clientId?: unknown }
  return typeof clientId === 'string' ? clientId : (clientOf(subject)?.id ?? '')
}

/** By what it has, so that a client is one whatever copy of core made it. */
function isClient(value: unknown): value is Client {
  return typeof value === 'object' && value !== null && 'session' in value && 'stream' in value
}
