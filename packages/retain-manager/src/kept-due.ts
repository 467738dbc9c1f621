import type { Client, Context, Stack, Steps } from '@mqtt-stack/core'
import type { DueFilter } from './due.ts'
import { due, dueOf } from './due.ts'

/** What is due to sessions that outlive their connection, kept by a backend that outlives the process, if there is one. */
export class KeptDue {
  readonly #stack: Stack

  constructor(stack: Stack) {
    this.#stack = stack
  }

  /** Whether what is due to a client's session is kept. */
  keeps(client: Client): boolean {
    return this.#keeps(client, 'storeDueRetained')
  }

  /** Something is due of a filter, or was handed out. */
  store(client: Client, filter: DueFilter): void | Promise<void> {
    if (this.keeps(client)) return this.#write(client, filter.topic, filter)
  }

  /** Nothing is due of a filter any more. */
  remove(client: Client, topic: string): void | Promise<void> {
    if (this.keeps(client)) return this.#write(client, topic, undefined)
  }

  /** Takes what is due to a session from the backend, unless this process knows it. */
  *restore(client: Client): Steps {
    if (due.peek(client.session) !== undefined || !this.#keeps(client, 'lookupDueRetained')) return
    const { id: clientId, epoch } = client
    const filters: DueFilter[] = []
    yield this.#stack.run('lookupDueRetained', { client, clientId, epoch }, filters)
    if (filters.length === 0) return
    const owed = dueOf(client)
    for (const filter of filters) if (!owed.has(filter.topic)) owed.add({ ...filter })
  }

  /** For whoever knows that the session outlives its connection. */
  write(ctx: Context<'storeDueRetained'>): void | Promise<void> {
    if (this.#stack.answers('storeDueRetained')) return this.#stack.run('storeDueRetained', ctx, {})
  }

  #keeps(client: Client, callback: 'storeDueRetained' | 'lookupDueRetained'): boolean {
    return client.session.stored && this.#stack.answers(callback)
  }

  #write(client: Client, topic: string, filter: DueFilter | undefined): void | Promise<void> {
    const { id: clientId, epoch } = client
    return this.write({ client, clientId, epoch, topic, due: filter && { ...filter } })
  }
}
