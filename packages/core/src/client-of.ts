import { Client } from './client.ts'

/** The client of a handle chain, or of a callback's context. */
export function clientOf(subject: unknown): Client | undefined {
  if (subject instanceof Client) return subject
  const { client } = (subject ?? {}) as { client?: unknown }
  return client instanceof Client ? client : undefined
}
