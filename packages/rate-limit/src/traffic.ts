import type { Client, Clock, Done, ListenerLimits, Packet, Publish, Resolved, Steps } from '@mqtt-stack/core'
import { DONE, ownerOf, proceed, ReasonCode, Slot } from '@mqtt-stack/core'
import { Flow } from './flow.ts'
import { Meter } from './meter.ts'
import type { RateLimitOptions } from './options.ts'
import type { OwnLimits } from './own-limits.ts'
import type { Slowed } from './slowed.ts'
import { Users } from './users.ts'
import type { WaitingRoom } from './waiting-room.ts'

type Limits = Pick<
  Resolved<RateLimitOptions>,
  'messageRate' | 'messageRatePerUser' | 'byteRate' | 'byteRatePerUser' | 'burst' | 'tooFast'
>

const flows = new Slot<Flow | undefined>(() => undefined)

/** Messages and bytes of each client, and of each user over all of its clients. */
export class Traffic {
  readonly #limits: Limits
  readonly #own: ReadonlyMap<ListenerLimits, OwnLimits>
  readonly #clock: Clock
  readonly #room: WaitingRoom
  readonly #slowed: Slowed
  readonly #users: Users

  /** @param own Of listeners with limits of their own. */
  constructor(
    limits: Limits,
    own: ReadonlyMap<ListenerLimits, OwnLimits>,
    clock: Clock,
    room: WaitingRoom,
    slowed: Slowed,
  ) {
    this.#limits = limits
    this.#own = own
    this.#clock = clock
    this.#room = room
    this.#slowed = slowed
    const { messageRatePerUser: messages, byteRatePerUser: bytes, burst } = limits
    this.#users = new Users(burst * 1_000, (now) => new Meter(USER, messages, bytes, burst, now))
  }

  /** Whether any of the limits is on. */
  static isOn({
    messageRate = 0,
    messageRatePerUser = 0,
    byteRate = 0,
    byteRatePerUser = 0,
  }: Partial<Limits>): boolean {
    return messageRate + messageRatePerUser + byteRate + byteRatePerUser > 0
  }

  /** Counts a packet; one of a client that is too fast waits, or is its last. No promise is made for others. */
  count(client: Client, packet: Packet): void | Done | Promise<void | Done> {
    const known = flows.peek(client)
    const flow = known?.of === this ? known : this.#begin(client)
    if (!flow.hasCounted(client, packet)) return this.#ask(client, packet, flow)
  }

  #ask(client: Client, packet: Packet, flow: Flow): void | Done | Promise<void | Done> {
    flow.giveBack()
    // When the bytes came is known: the clock need not be asked.
    const now = client.receivedAt
    const inTime = flow.own?.has(now) !== false && flow.user?.has(now) !== false
    if (!inTime) return this.#exceed(client, packet, flow)
    take(flow, packet)
    flow.takeAhead(client)
  }

  sweep(now: number): void {
    this.#users.sweep(now)
  }

  #begin(client: Client): Flow {
    const { messageRatePerUser, byteRatePerUser } = this.#limits
    const { limits } = client.listener
    const { messageRate, byteRate, burst, tooFast } =
      (limits === undefined ? undefined : this.#own.get(limits)?.all) ?? this.#limits
    const now = this.#clock.now()
    const counts = messageRate + byteRate > 0
    const own = counts ? new Meter(CLIENT, messageRate, byteRate, burst, now) : undefined
    const user = messageRatePerUser + byteRatePerUser > 0 ? this.#enter(client, now) : undefined
    const flow = new Flow(this, tooFast, own, user)
    flows.set(client, flow)
    return flow
  }

  /** The meter of its user, until it is gone. */
  #enter(client: Client, now: number): Meter {
    const owner = ownerOf(client)
    client.onClose(() => this.#users.leave(owner, this.#clock.now()))
    return this.#users.enter(owner, now)
  }

  #exceed(client: Client, packet: Packet, flow: Flow): void | Done | Promise<void | Done> {
    const now = this.#clock.now()
    const exceeded = flow.own?.exceeded(now) ?? flow.user?.exceeded(now)
    if (exceeded === undefined) {
      take(flow, packet)
      return
    }
    if (flow.tooFast === 'close') {
      client.stack.closeClient(client, ReasonCode.MESSAGE_RATE_TOO_HIGH, exceeded)
      return DONE
    }
    // It is counted before it waits: of several clients of a user each has a time of its own to go on.
    const until = Math.max(flow.own?.readyAt ?? 0, flow.user?.readyAt ?? 0)
    take(flow, packet)
    this.#slowed.tell(client, exceeded)
    return proceed(this.#wait(client, until))
  }

  /** Nothing more of the client is handled meanwhile, and soon nothing more is read. */
  *#wait(client: Client, until: number): Steps<void | Done> {
    yield* this.#room.wait(client, until)
    if (client.closed) return DONE
  }
}

const CLIENT = { messages: 'messageRate', bytes: 'byteRate', whose: '' }
const USER = { messages: 'messageRatePerUser', bytes: 'byteRatePerUser', whose: ' of one user' }

function take({ own, user }: Flow, packet: Packet): void {
  const messages = packet.cmd === 'publish' ? 1 : filtersOf(packet)
  const bytes = packet.cmd === 'publish' ? packet.length : 0
  own?.take(messages, bytes)
  user?.take(messages, bytes)
}

function filtersOf(packet: Exclude<Packet, Publish>): number {
  if (packet.cmd === 'subscribe') return packet.subscriptions.length
  return packet.cmd === 'unsubscribe' ? packet.unsubscriptions.length : 0
}
