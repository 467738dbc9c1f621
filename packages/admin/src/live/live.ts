/** What is live: figures once a second, clients that come and go, and the newest messages of topics. It costs nothing while nobody looks on. */
import type { ClientList, Clock, Context, MiddlewareLike, Stack, Timer } from '@mqtt-stack/core'
import { FigureCounts } from './figures.ts'
import { LiveStream } from './stream.ts'
import { TopicWatch } from './topic-watch.ts'

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
  /** Of those who want to hear of topics. */
  readonly #topics = new Map<LiveStream, TopicWatch>()
  #others = 0
  #counts: FigureCounts | undefined
  #timer: Timer | undefined

  /** @param owner The middleware that hears for it. */
  constructor(stack: Stack, clients: ClientList, owner: Ears) {
    this.#stack = stack
    this.#clock = stack.clock
    this.#clients = clients
    this.#owner = owner
  }

  /** How many look on, those who follow somebody elsewhere among them. */
  get size(): number {
    return this.#streams.size + this.#others
  }

  /** One more looks on at what others tell it. @returns What gives its place back, however often it is called. */
  takePlace(): () => void {
    let given = 1
    this.#others++
    return () => {
      this.#others -= given
      given = 0
    }
  }

  /** One more looks on, until its stream is closed. */
  open(interests: Interests): ReadableStream<Uint8Array> {
    const stream = this.#enter(interests)
    if (interests.figures) stream.push('figures', this.#counts?.take(), true)
    return stream.body
  }

  /**
   * One more looks on at topics: it is told once a second what the newest message of each is.
   * @param most So many topics are told of at a time.
   */
  openTopics(filter: string, most: number): ReadableStream<Uint8Array> {
    const stream = this.#enter({ figures: false, clients: false })
    this.#topics.set(stream, new TopicWatch(filter, most))
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

  #enter(interests: Interests): LiveStream {
    const stream = new LiveStream((one) => this.#leave(one))
    if (this.#streams.size === 0) this.#begin()
    this.#streams.set(stream, interests)
    return stream
  }

  #tell(interest: keyof Interests, kind: string, data: object): void {
    const at = this.#clock.wall()
    for (const [stream, interests] of this.#streams)
      if (interests[interest]) stream.push(kind, { at, ...data })
  }

  #begin(): void {
    const counts = new FigureCounts(this.#stack, this.#clients)
    this.#counts = counts
    this.#owner.messagePublished = ({ packet }: Context<'messagePublished'>) => {
      if (!this.#stack.isControlTopic(packet.topic)) counts.published++
      for (const watch of this.#topics.values()) watch.see(packet)
    }
    this.#owner.messageDropped = ({ count }: Context<'messageDropped'>) => {
      counts.dropped += count
    }
    this.#owner.clientRefused = () => void counts.refused++
    this.#stack.refresh()
    this.#timer = this.#clock.every(SECOND, () => {
      const figures = counts.take()
      for (const [stream, interests] of this.#streams)
        if (interests.figures) stream.push('figures', figures, true)
      this.#tellTopics()
    })
  }

  /** A reader who has not taken what was told before is told later. */
  #tellTopics(): void {
    for (const [stream, watch] of this.#topics) {
      const news = stream.isIdle ? watch.take() : undefined
      if (news !== undefined) stream.push('topics', { at: this.#clock.wall(), ...news })
    }
  }

  #leave(stream: LiveStream): void {
    this.#topics.delete(stream)
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
