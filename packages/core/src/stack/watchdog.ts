/** One sweep that finds handlers which do not answer, clients which do not read, and packets which do not end. */
import type { ClientConnection } from '../connection/index.ts'
import { untakenOf } from '../connection/index.ts'
import type { Client, Stack } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { MemoryReport, Roster } from '../memory/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Timer } from '../time/index.ts'
import { judgeEvery } from '../time/index.ts'
import { clientIdOf, clientOf } from './client-of.ts'
import { Unfinished } from './unfinished.ts'
import type { Waiting } from './waiting.ts'

/** Milliseconds between sweeps. */
const SWEEP = 1_000

/** How far a client was with what it is sent. */
interface Seen {
  /** Writes that were complete. */
  readonly progress: number
  /** Bytes of the writes under way that the client had not taken. */
  readonly untaken: number | undefined
  readonly since: number
}

function look(client: Client, since: number): Seen {
  return { progress: client.progress, untaken: untakenOf(client.stream), since }
}

/** Also a client that takes a little at a time has taken something. */
function hasTaken(client: Client, { progress, untaken }: Seen): boolean {
  return client.progress !== progress || untakenOf(client.stream) !== untaken
}

export class Watchdog {
  readonly #stack: Stack
  /** Handlers that have not answered. */
  readonly waiting: Roster<Waiting> = new Roster()
  /** Clients above the high-water mark, with how far they were when they were last looked at. */
  readonly #congested = new Map<Client, Seen>()
  readonly #unfinished = new Unfinished()
  readonly #memory: MemoryReport
  #timer: Timer | undefined

  constructor(stack: Stack) {
    this.#stack = stack
    this.#memory = new MemoryReport(stack.ledger)
  }

  start(): void {
    this.#timer = judgeEvery(this.#stack.clock, SWEEP, () => this.#sweep())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** A client is above its high-water mark. */
  watch(client: Client): void {
    if (this.#congested.has(client)) return
    this.#congested.set(client, look(client, this.#stack.clock.now()))
  }

  /** A client holds an unfinished packet. */
  watchPacket(client: ClientConnection): void {
    this.#unfinished.add(client, this.#stack.clock.now())
  }

  /** A connection is over. */
  forget(client: ClientConnection): void {
    this.#unfinished.delete(client)
    this.#congested.delete(client)
  }

  #sweep(): void {
    const { clock, config } = this.#stack
    const now = clock.now()
    this.#lookAtWaiting(now)
    const refused = this.#memory.next(now)
    if (refused !== undefined) this.#stack.log.event('memory.refused', refused)
    for (const client of this.#unfinished.take(now, config.packetTimeout)) this.#closeUnfinished(client)
    this.#watchWhileCrowded()
    for (const [client, seen] of this.#congested) {
      if (hasTaken(client, seen)) {
        if (!client.congested) this.#congested.delete(client)
        else this.#congested.set(client, look(client, now))
      } else if (now - seen.since >= config.drainTimeout) this.#closeStuck(client)
    }
  }

  /** Tells of handlers that are slow, and gives those up that have stalled. */
  #lookAtWaiting(now: number): void {
    const { slowAfter, stallTimeout } = this.#stack.config
    const stalled: Waiting[] = []
    for (const waiting of this.waiting) {
      const ms = waiting.stillFor(now)
      if (ms >= stallTimeout) stalled.push(waiting)
      else if (ms >= slowAfter && !waiting.isTold) this.#tellSlow(waiting, ms)
    }
    this.#giveUp(stalled)
  }

  #tellSlow(waiting: Waiting, ms: number): void {
    waiting.isTold = true
    const { step, callback, subject } = waiting
    const clientId = clientIdOf(subject) || undefined
    const fields = { middleware: step.owner.name, callback, clientId, ms: Math.round(ms) }
    this.#stack.log.event('handler.slow', fields)
  }

  /** While memory is short less is enough to be above the mark: also what was written before it was short. */
  #watchWhileCrowded(): void {
    const { ledger, config, clients } = this.#stack
    if (ledger.allowance(config.highWater) === config.highWater) return
    for (const client of clients) if (client.congested) this.watch(client)
  }

  #closeUnfinished(client: Client): void {
    const reason = `a packet that is not complete after ${this.#stack.config.packetTimeout} ms`
    this.#stack.closeClient(client, ReasonCode.QUOTA_EXCEEDED, reason)
  }

  /** It has taken nothing for the drain timeout. */
  #closeStuck(client: Client): void {
    this.#congested.delete(client)
    client.close(ReasonCode.QUOTA_EXCEEDED, { reason: 'it takes nothing of what it is sent' })
    client.stream.destroy()
  }

  /**
   * Of the handlers that a client waits for, those of the callback that was called first: the others may have waited for
   * just them, and are looked at again in the next sweep.
   */
  #giveUp(stalled: readonly Waiting[]): void {
    const first = new Map<string, string>()
    for (const waiting of stalled) {
      const id = clientIdOf(waiting.subject)
      const callback = first.get(id) ?? waiting.callback
      first.set(id, callback)
      if (callback === waiting.callback) this.#giveUpOne(waiting)
    }
  }

  /** Tells of a handler that does not answer, and ends the wait for it: its caller goes on the safe way. */
  #giveUpOne(waiting: Waiting): void {
    const { step, callback, subject, since } = waiting
    const { stallTimeout } = this.#stack.config
    const middleware = step.owner.name
    const clientId = clientIdOf(subject) || undefined
    this.#stack.log.event('handler.stalled', { middleware, callback, clientId, ms: stallTimeout })
    this.#stack.tell('handlerStalled', { middleware, callback, client: clientOf(subject), since })
    const message = `${middleware} has not answered ${callback} for ${stallTimeout} ms`
    waiting.giveUp(new StackError('HANDLER_STALLED', message))
  }
}
