import { randomUUID } from 'node:crypto'

/** A client identifier for a client that has none: unique, and nobody can guess it. */
export function newClientId(): string {
  return `auto-${randomUUID()}`
}
