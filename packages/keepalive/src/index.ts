/**
 * `@mqtt-stack/keepalive`: closes clients that stay silent for longer than they promised, and answers PINGREQ.
 * @packageDocumentation
 */
import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  OptionsSpec,
  Packet,
  PacketType,
  Store,
  Timer,
} from '@mqtt-stack/core'
import { judgeEvery, Middleware, ReasonCode, Roster, Seat } from '@mqtt-stack/core'

export interface KeepAliveOptions {
  grace?: number
  maximum?: number
  sweep?: number
}

export const KEEPALIVE_OPTIONS: OptionsSpec<KeepAliveOptions> = {
  grace: {
    kind: 'number',
    live: true,
    default: 1.5,
    min: 1,
    max: 10,
    doc: 'How many keep alive times a client may be silent; the standard asks for 1.5 [MQTT-3.1.2-24].',
  },
  maximum: {
    kind: 'number',
    live: true,
    default: 0,
    max: 65_535,
    unit: 's',
    doc: 'Longest keep alive that a 5.0 client may have: one that asks for a longer one, or for none, is told this. 0: no limit.',
  },
  sweep: {
    kind: 'number',
    default: 250,
    min: 10,
    max: 60_000,
    unit: 'ms',
    doc: 'How often silent clients are looked for.',
  },
}

/** A client that promised to be heard of. */
class Promised extends Seat<Client> {
  /** Milliseconds that it may be silent. */
  readonly allowed: number

  constructor(client: Client, allowed: number) {
    super(client)
    this.allowed = allowed
  }
}

/** One sweep for all clients: no timer, and no work, for each packet. */
export class KeepAlive extends Middleware<KeepAliveOptions> {
  readonly handles: readonly PacketType[] = ['connect', 'pingreq']
  readonly uses: readonly CallbackName[] = ['closeClient']
  readonly #promised = new Roster<Client, Promised>()
  #timer: Timer | undefined

  constructor(options?: KeepAliveOptions) {
    super(options, KEEPALIVE_OPTIONS)
  }

  start(): void {
    this.#timer = judgeEvery(this.stack.clock, this.config.sweep, this.#sweep)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  handle(client: Client, packet: Packet): void {
    if (packet.cmd === 'pingreq') client.write({ cmd: 'pingresp' })
    else this.#promise(client, packet as ConnectPacket)
  }

  /** The client has to keep the server's time, if there is one [MQTT-3.1.2-21]. */
  lookupConnackProperties(
    { client, packet }: Context<'lookupConnackProperties'>,
    store: Store<'lookupConnackProperties'>,
  ): void {
    const keepalive = this.#seconds(client, packet)
    if (keepalive !== (packet.keepalive ?? 0)) store.set('serverKeepAlive', keepalive)
  }

  #seconds(client: Client, { keepalive = 0 }: ConnectPacket): number {
    const { maximum } = this.config
    const own = client.protocolVersion === 5 && maximum > 0 && (keepalive === 0 || keepalive > maximum)
    return own ? maximum : keepalive
  }

  #promise(client: Client, packet: ConnectPacket): void {
    const keepalive = this.#seconds(client, packet)
    if (keepalive === 0) return
    const seat = this.#promised.add(new Promised(client, keepalive * 1_000 * this.config.grace))
    client.onClose(() => this.#promised.delete(seat))
  }

  readonly #sweep = (): void => {
    const now = this.stack.clock.now()
    for (const { member: client, allowed } of this.#promised.taken()) {
      if (client.silentFor(now) >= allowed) {
        this.stack.closeClient(client, ReasonCode.KEEP_ALIVE_TIMEOUT, 'keep alive time-out')
      }
    }
  }
}
