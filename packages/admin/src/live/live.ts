/** What is live: figures once a second, and clients that come and go. It costs nothing while nobody looks on. */
import type { ClientList, Clock, Context, MiddlewareLike, Stack, Timer } from '@mqtt-stack/core'
import { FigureCounts } from './figures.ts'
import { LiveStream } from './stream.ts'

const SECOND = 1_000

/** What a reader wants to hear of. */
export interface Interests {
  readonly figures: boolean
  readonly clients: boolean
}

/** The callbacks by which it hears: answered while somebody looks on. */
type Ears = Pick<MiddlewareLike, 'messagePublished' | 'messageDropped' | 'clientRefused'>

export class Live {
  readonly #stack: Stack
  readonly #clock: Clock
  readonly #clients: ClientList
  readonly #owner: Ears
  readonly #streams = new Map<LiveStream, Interests>()
  #counts: FigureCounts | undefined
  #timer: Timer | undefined

  /** @param owner The middleware that hears for it. */
  constructor(stack: Stack, clients: ClientList, owner: Ears) {
    this.#stack = stack
    this.#clock = stack.clock
    this.#clients = clients
    this.#owner = owner
  }

  /** How many look on. */
  get size(): number {
    return this.#streams.size
  }

  /** One more looks on, until its stream is closed. */
  open(interests: Interests): ReadableStream<Uint8Array> {
    const stream = new LiveStream((one) => this.#leave(one))
    if (this.#streams.size === 0) this.#begin()
    this.#streams.set(stream, interests)
    if (interests.figures) stream.push('figures', this.#counts?.take(), true)
    return stream.body
  }

  /** Everybody is told that it is over. */
  close(): void {
    for (const stream of [...this.#streams.keys()]) stream.close()
  }

  clientConnected({ client }: Pick<Context<'clientConnected'>, 'client'>): void {
    if (this.#counts === undefined) return
    this.#counts.connected++
    const { id: clientId, session, listener } = client
    this.#tell('clients', 'connected', {
      clientId,
      identity: session.identity,
      address: listener.remote,
      listener: listener.name ?? listener.transport,
    })
  }

  clientDisconnected({ client, clean, reasonCode }: Context<'clientDisconnected'>): void {
    if (this.#counts === undefined) return
    this.#counts.disconnected++
    this.#tell('clients', 'disconnected', { clientId: client.id, clean, reasonCode, reason: client.reason })
  }

  #tell(interest: keyof Interests, kind: string, data: object): void {
    const at = this.#clock.wall()
    for (const [stream, interests] of this.#streams)
      if (interests[interest]) stream.push(kind, { at, ...data })
  }

  #begin(): void {
    const counts = new FigureCounts(this.#stack, this.#clients)
    this.#counts = counts
    this.#owner.messagePublished = () => void counts.published++
    this.#owner.messageDropped = ({ count }: Context<'messageDropped'>) => {
      counts.dropped += count
    }
    this.#owner.clientRefused = () => void counts.refused++
    this.#stack.refresh()
    this.#timer = this.#clock.every(SECOND, () => {
      const figures = counts.take()
      for (const [stream, interests] of this.#streams)
        if (interests.figures) stream.push('figures', figures, true)
    })
  }

  #leave(stream: LiveStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return
    this.#timer?.cancel()
    this.#counts?.stop()
    this.#counts = undefined
    delete this.#owner.messagePublished
    delete this.#owner.messageDropped
    delete this.#owner.clientRefused
    this.#stack.refresh()
  }
}
