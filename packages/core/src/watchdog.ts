/** One sweep that finds handlers which do not answer and clients which do not read. */
import type { Waiting } from './chain.ts'
import type { Client } from './client.ts'
import { clientOf } from './client-of.ts'
import type { Timer } from './clock.ts'
import { ReasonCode } from './reason-codes.ts'
import type { Stack } from './stack.ts'
import { Unfinished } from './unfinished.ts'

/** Milliseconds between sweeps. */
const SWEEP = 1_000

export class Watchdog {
  readonly #stack: Stack
  /** Handlers that have not answered. */
  readonly waiting: Set<Waiting> = new Set()
  /** Clients above the high-water mark, with the progress they had made when they were last looked at. */
  readonly #congested = new Map<Client, { progress: number; since: number }>()
  readonly #unfinished = new Unfinished()
  #timer: Timer | undefined

  constructor(stack: Stack) {
    this.#stack = stack
  }

  start(): void {
    this.#timer = this.#stack.clock.every(SWEEP, () => this.#sweep())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** A client is above its high-water mark. */
  watch(client: Client): void {
    if (this.#congested.has(client)) return
    this.#congested.set(client, { progress: client.progress, since: this.#stack.clock.now() })
  }

  /** A client holds an unfinished packet. */
  watchPacket(client: Client): void {
    this.#unfinished.add(client, this.#stack.clock.now())
  }

  /** A connection is over. */
  forget(client: Client): void {
    this.#unfinished.delete(client)
    this.#congested.delete(client)
  }

  #sweep(): void {
    const { clock, config } = this.#stack
    const now = clock.now()
    for (const waiting of this.waiting) {
      if (now - waiting.since >= config.stallTimeout) this.#stalled(waiting)
    }
    for (const client of this.#unfinished.take(now, config.packetTimeout)) this.#unfinishedFor(client)
    for (const [client, seen] of this.#congested) {
      if (client.progress !== seen.progress) {
        if (!client.congested) this.#congested.delete(client)
        else this.#congested.set(client, { progress: client.progress, since: now })
      } else if (now - seen.since >= config.drainTimeout) this.#stuck(client)
    }
  }

  #unfinishedFor(client: Client): void {
    const reason = `a packet that is not complete after ${this.#stack.config.packetTimeout} ms`
    this.#stack.closeClient(client, ReasonCode.QUOTA_EXCEEDED, reason)
  }

  /** It has taken nothing for the drain timeout. */
  #stuck(client: Client): void {
    this.#stack.config.logger?.warn(`${client.id} takes nothing of what it is sent`)
    this.#congested.delete(client)
    client.close(ReasonCode.QUOTA_EXCEEDED)
    client.stream.destroy()
  }

  #stalled(waiting: Waiting): void {
    const client = clientOf(waiting.subject)
    if (!waiting.told) {
      waiting.told = true
      const { step, chain, since } = waiting
      const { stallTimeout, logger } = this.#stack.config
      logger?.warn(`${step.owner.name} has not answered ${chain.name} for ${stallTimeout} ms`)
      this.#stack.tell('handlerStalled', { middleware: step.owner.name, callback: chain.name, client, since })
    }
    if (client !== undefined && !client.stream.destroyed) return
    client?.abandon()
    // Whatever it still does, nobody waits for it.
    this.waiting.delete(waiting)
  }
}
