import type { Stack } from '../../contract/index.ts'
import { ReasonCode } from '../../packets/index.ts'
import type { Parts } from '../parts.ts'
import { Away } from './away.ts'

/** Connections have so long to be closed, in ms. */
const CLOSING = 10_000
/** Retained messages that are let go at a time. */
const PAGE = 1_000

/** A node that has lost its lease lets go of everything, and joins anew. */
export class Rejoin {
  readonly #stack: Stack
  readonly #away: Away
  #isStopped = false

  constructor(backend: object, stack: Stack) {
    this.#stack = stack
    this.#away = new Away(backend, stack)
  }

  stop(): void {
    this.#isStopped = true
    this.#away.end()
  }

  /**
   * Closes all connections; their sessions are where they are. Answers when the node has joined again.
   * @param join Makes everything anew, and joins; asked until it succeeds.
   */
  async run(parts: Parts, join: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#stack
    this.#away.begin()
    await this.#closeClients()
    await letGo(parts)
    let last = ''
    while (!this.#isStopped) {
      try {
        await join()
        this.#away.end()
        log.event('node.rejoined', {})
        return
      } catch (error) {
        const cause = (error as Error).message
        if (cause !== last) log.event('node.join-failed', { cause }, error as Error)
        last = cause
        await new Promise<void>((resolve) => clock.after((parts.shared?.store.lease ?? CLOSING) / 3, resolve))
      }
    }
  }

  async #closeClients(): Promise<void> {
    const { clock, clients } = this.#stack
    const closed = [...clients].map((client) => {
      const gone = new Promise<void>((resolve) => client.onClose(() => resolve()))
      this.#stack.closeClient(client, ReasonCode.SERVER_UNAVAILABLE, 'this node has lost its lease')
      return gone
    })
    await new Promise<void>((resolve) => {
      const timer = clock.after(CLOSING, resolve)
      void Promise.all(closed).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}

/** Nothing of it stays in memory; what is in the store is somebody else's. */
async function letGo(parts: Parts): Promise<void> {
  const { shared, disk, sessions, subscriptions, wills, retained, sharedRetained } = parts
  await Promise.all([shared?.stop(), sharedRetained?.stop()])
  // What could not be written is lost here.
  await disk?.close().catch(() => {})
  for (const record of sessions.all) {
    subscriptions.clear(record)
    record.end()
  }
  for (const will of wills.all) will.giveUp()
  for (let page = retained.page(undefined, undefined, PAGE); page.messages.length > 0; ) {
    for (const { topic } of page.messages) retained.remove(topic)
    page = retained.page(undefined, undefined, PAGE)
  }
}
