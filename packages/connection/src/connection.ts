import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  DisconnectPacket,
  Done,
  OptionsSpec,
  PacketType,
  Steps,
  Store,
} from '@mqtt-stack/core'
import {
  bounded,
  DONE,
  Middleware,
  newClientId,
  proceed,
  protocolError,
  ReasonCode,
  Slot,
} from '@mqtt-stack/core'
import type { Awaited } from './connect-timeout.ts'
import { ConnectTimeout } from './connect-timeout.ts'

export interface ConnectionOptions {
  forceMQTT4?: boolean
  connectTimeout?: number
  clientIdBytes?: number
}

export const CONNECTION_OPTIONS: OptionsSpec<ConnectionOptions> = {
  forceMQTT4: { kind: 'boolean', default: false, doc: 'Refuses every version but MQTT 3.1.1.' },
  connectTimeout: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'A connection that has sent no CONNECT for so long is closed.',
  },
  clientIdBytes: {
    kind: 'number',
    live: true,
    default: 256,
    min: 23,
    max: 65_535,
    unit: 'bytes',
    doc: 'Longest client identifier.',
  },
}

/** What is known of one connection. */
class ConnectionState {
  /** Under which it is found; a middleware behind may rename the client. */
  clientId = ''
  connecting = false
  /** Until its CONNECT comes. */
  awaited: Awaited | undefined
  /** The client left its identifier to us. */
  assigned = false
  disconnect: DisconnectPacket | undefined
  over = false
  waiting: (() => void)[] | undefined
}

/** Why a CONNECT is refused. */
interface Refusal {
  readonly reasonCode: ReasonCode
  readonly reason: string
}

const connectionState = new Slot(() => new ConnectionState())

/**
 * Guards the order of packets (a second CONNECT ends the connection [MQTT-3.1.0-2]), names the client, and executes
 * exactly one of cleanDisconnect and uncleanDisconnect for each accepted connection, none for one never accepted.
 */
export class Connection extends Middleware<ConnectionOptions> {
  readonly handles: readonly PacketType[] = ['connect', 'disconnect']
  readonly uses: readonly CallbackName[] = [
    'settleClient',
    'cleanDisconnect',
    'uncleanDisconnect',
    'clientDisconnected',
  ]
  /** Clients that have sent a CONNECT and are not settled, by client identifier: two while one takes over. */
  readonly #clients = new Map<string, Client[]>()
  /** Ends of connections that others are still busy with. */
  readonly #ending = new Set<Promise<void>>()
  #connectTimeout!: ConnectTimeout

  constructor(options?: ConnectionOptions) {
    super(options, CONNECTION_OPTIONS)
  }

  start(): void {
    this.#connectTimeout = new ConnectTimeout(this.stack.clock, this.config.connectTimeout)
  }

  install(client: Client): void {
    const state = connectionState.of(client)
    state.awaited = this.#connectTimeout.add(client)
    client.onClose((cause) => {
      const end = proceed(this.#end(client, state, cause))
      if (end !== undefined) this.#note(end)
    })
  }

  /** Waits until all connections are settled, so that what their ends set off finds its stores open. */
  async stop(): Promise<void> {
    this.#connectTimeout.stop()
    await Promise.all(this.#ending)
  }

  handle(client: Client, packet: ConnectPacket | DisconnectPacket): void | Done {
    const state = connectionState.of(client)
    if (packet.cmd === 'connect') return this.#connect(client, state, packet)
    this.#disconnect(client, state, packet)
    return DONE
  }

  lookupConnackProperties(
    { client }: Context<'lookupConnackProperties'>,
    store: Store<'lookupConnackProperties'>,
  ): void {
    if (connectionState.of(client).assigned) store.set('assignedClientIdentifier', client.id)
    store.set('maximumPacketSize', this.stack.config.packetLimit)
  }

  closeClient(ctx: Context<'closeClient'>): void {
    ctx.client.close(ctx.reasonCode, { reason: ctx.reason, cause: ctx.cause })
  }

  /** Closes the connection and waits until what its end sets off is done. */
  sessionTakenOver(ctx: Context<'sessionTakenOver'>): Promise<void> {
    const old = ctx.client === undefined ? this.#find(ctx) : [ctx.client]
    for (const client of old) client.close(ReasonCode.SESSION_TAKEN_OVER)
    // Whoever they wait for has a bound of its own.
    return bounded(Promise.all(old.map(settled)).then(() => {}))
  }

  /** The connections that a backend knows only by the epoch of their session. */
  #find({ clientId, epoch }: Context<'sessionTakenOver'>): Client[] {
    const known = this.#clients.get(clientId) ?? []
    return known.filter((client) => epoch > 0 && client.epoch === epoch)
  }

  #disconnect(client: Client, state: ConnectionState, packet: DisconnectPacket): void {
    const interval = packet.properties?.sessionExpiryInterval ?? 0
    if (interval > 0 && client.session.expiryInterval === 0) {
      const message = 'a DISCONNECT that asks to keep a session that was to end with the connection'
      throw protocolError(message)
    }
    state.disconnect = packet
    client.close()
  }

  #connect(client: Client, state: ConnectionState, packet: ConnectPacket): void | Done {
    if (state.connecting) {
      throw protocolError('a second CONNECT', 'MQTT-3.1.0-2')
    }
    state.connecting = true
    this.#connectTimeout.delete(state.awaited)
    const refusal = this.#refusal(packet)
    if (refusal !== undefined) {
      // For those who are told of it.
      client.session.clientId = packet.clientId
      client.close(refusal.reasonCode, refusal)
      return DONE
    }
    state.assigned = packet.clientId === ''
    const clientId = packet.clientId === '' ? newClientId() : packet.clientId
    client.session.clientId = clientId
    state.clientId = clientId
    const known = this.#clients.get(clientId)
    if (known === undefined) this.#clients.set(clientId, [client])
    else known.push(client)
  }

  #refusal({ protocolVersion, clientId, clean }: ConnectPacket): Refusal | undefined {
    const { forceMQTT4, clientIdBytes } = this.config
    const { CLIENT_IDENTIFIER_NOT_VALID, UNSUPPORTED_PROTOCOL_VERSION } = ReasonCode
    if (forceMQTT4 && protocolVersion !== 4)
      return { reasonCode: UNSUPPORTED_PROTOCOL_VERSION, reason: 'only MQTT 3.1.1 is served here' }
    // [MQTT-3.1.3-7], [MQTT-3.1.3-8]: the server may name a client that leaves no session behind; 3.1 knows no such thing.
    if (clientId === '' && (protocolVersion === 3 || (protocolVersion === 4 && clean === false)))
      return { reasonCode: CLIENT_IDENTIFIER_NOT_VALID, reason: 'no client identifier' }
    if (Buffer.byteLength(clientId) > clientIdBytes)
      return {
        reasonCode: CLIENT_IDENTIFIER_NOT_VALID,
        reason: `a client identifier of more than ${clientIdBytes} bytes`,
      }
    return undefined
  }

  /** An end that others are busy with; it never fails, for their errors are theirs. */
  #note(end: Promise<void>): void {
    this.#ending.add(end)
    this.stack.background(async () => {
      await end
      this.#ending.delete(end)
    })
  }

  *#end(client: Client, state: ConnectionState, cause: Error | undefined): Steps {
    this.#connectTimeout.delete(state.awaited)
    if (client.connected) yield* this.#tellEnd(client, state, cause)
    this.#forget(client, state.clientId)
    state.over = true
    for (const resolve of state.waiting ?? []) resolve()
  }

  #forget(client: Client, clientId: string): void {
    const known = this.#clients.get(clientId)
    const at = known?.indexOf(client) ?? -1
    if (known === undefined || at < 0) return
    // The list itself lets go of it: what the Map had before may be kept for long, see `Roster`.
    known[at] = known[known.length - 1]
    known.pop()
    if (known.length === 0) this.#clients.delete(clientId)
  }

  *#tellEnd(client: Client, { disconnect }: ConnectionState, cause: Error | undefined): Steps {
    const clean = disconnect !== undefined
    const reasonCode =
      disconnect?.reasonCode ??
      client.reasonCode ??
      (clean ? ReasonCode.SUCCESS : ReasonCode.UNSPECIFIED_ERROR)
    // Its session is closed behind the last of its calls: whoever opens it next finds all of them done.
    yield this.stack.run('settleClient', { client }, {})
    if (disconnect !== undefined)
      yield this.stack.run('cleanDisconnect', { client, packet: disconnect, reasonCode }, {})
    else yield this.stack.run('uncleanDisconnect', { client, reasonCode, cause }, {})
    this.stack.tell('clientDisconnected', { client, clean, reasonCode, cause })
  }
}

/** Resolves when a connection is over; at once for one that was never ours. */
function settled(client: Client): Promise<void> {
  const state = connectionState.peek(client)
  if (state === undefined || state.over) return Promise.resolve()
  return new Promise((resolve) => {
    state.waiting ??= []
    state.waiting.push(resolve)
  })
}
