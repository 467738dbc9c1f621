import type {
  CallbackName,
  Claim,
  Client,
  ConnectPacket,
  Context,
  Done,
  OptionsSpec,
  Packets,
  PacketType,
  Stack,
  Steps,
  Store,
} from '@mqtt-stack/core'
import { DONE, Histogram, judgeAfter, Middleware, proceed, protocolError, ReasonCode } from '@mqtt-stack/core'
import type { Exchange } from './exchange.ts'
import { claimed, exchange } from './exchange.ts'
import { ownName } from './own-name.ts'
import { whyNot } from './why-not.ts'

type AuthPacket = Packets['auth']

export interface AuthenticationOptions {
  exchangeTimeout?: number
}

export const AUTHENTICATION_OPTIONS: OptionsSpec<AuthenticationOptions> = {
  exchangeTimeout: {
    kind: 'number',
    live: true,
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'A client whose enhanced authentication takes so long is refused (5.0).',
  },
}

/** Refusals that say nothing of who the client is: a provider could not answer. */
const OURS: ReadonlySet<ReasonCode> = new Set([ReasonCode.SERVER_UNAVAILABLE, ReasonCode.SERVER_BUSY])

/** What providers said; `error`: one failed. */
type Outcome = 'success' | 'continue' | 'failure' | 'error'

const NOT_AUTHENTICATED = 'not authenticated'

/**
 * Executes authenticateConnection with the user name and password of a CONNECT or, where it names an authentication
 * method, authenticateExchange with its data and with each AUTH that follows. Nobody answering, or a provider that
 * fails, refuses the client.
 */
export class Authentication extends Middleware<AuthenticationOptions> {
  readonly handles: readonly PacketType[] = ['connect', 'auth']
  readonly uses: readonly CallbackName[] = [
    'authenticateConnection',
    'authenticateExchange',
    'authenticationFailed',
    'admitAttempt',
    'clientReauthenticated',
    'closeClient',
  ]

  /** How long it took to find out who a client is, in seconds; of an exchange each step. */
  readonly #times: Readonly<Record<Outcome, Histogram>> = {
    success: new Histogram(),
    continue: new Histogram(),
    failure: new Histogram(),
    error: new Histogram(),
  }

  constructor(options?: AuthenticationOptions) {
    super(options, AUTHENTICATION_OPTIONS)
  }

  /** Somebody has to know clients by name and password, unless all come by an authentication method. */
  get requires(): readonly CallbackName[] {
    const { stack } = this as { stack?: Stack }
    return stack?.answers('authenticateExchange') === true ? [] : ['authenticateConnection']
  }

  handle(client: Client, packet: ConnectPacket | AuthPacket): void | Done | Promise<void | Done> {
    if (packet.cmd === 'auth') return this.#takeAnswer(client, packet)
    const method = packet.properties?.authenticationMethod
    return method === undefined ? proceed(this.#connect(client, packet)) : this.#begin(client, packet, method)
  }

  /** CONNACK names the method and holds the last of its data [MQTT-4.12.0-5]. */
  lookupConnackProperties(
    { client }: Context<'lookupConnackProperties'>,
    store: Store<'lookupConnackProperties'>,
  ): void {
    const { method, data } = exchange.of(client)
    if (method !== undefined) store.set('authenticationMethod', method)
    if (data !== undefined) store.set('authenticationData', data)
  }

  lookupMetrics(_ctx: Context<'lookupMetrics'>, store: Store<'lookupMetrics'>): void {
    store.push({
      name: 'mqtt_authentication_seconds',
      type: 'histogram',
      help: 'Times of providers to say who a client is, by what they said; of an exchange each step.',
      samples: Object.entries(this.#times).map(([outcome, times]) => times.sample({ outcome })),
    })
  }

  #measure(outcome: Outcome, began: number): void {
    this.#times[outcome].observe((this.stack.clock.now() - began) / 1_000)
  }

  *#connect(client: Client, packet: ConnectPacket): Steps<void | Done> {
    const { username, password } = packet
    const store: Store<'authenticateConnection'> = {}
    const claim = this.#claimOf(client, undefined, false)
    const began = this.stack.clock.now()
    try {
      yield this.stack.run('authenticateConnection', { client, packet, username, password, claim }, store)
    } catch (error) {
      this.#measure('error', began)
      return this.#handleFailure(client, error as Error)
    }
    this.#measure(store.valid === true ? 'success' : 'failure', began)
    if (claimed.peek(client)?.over === true) return DONE
    if (store.valid !== true) {
      const wrong = username === undefined ? ReasonCode.NOT_AUTHORIZED : ReasonCode.BAD_USER_NAME_OR_PASSWORD
      return this.#refuse(client, store.reasonCode ?? wrong, store.reason, whyNot(client, store))
    }
    client.session.identity = store.identity === null ? undefined : (store.identity ?? ownName(username))
    if (store.groups !== undefined) client.session.groups = store.groups
  }

  #begin(client: Client, packet: ConnectPacket, method: string): void | Done | Promise<void | Done> {
    const state = exchange.of(client)
    state.method = method
    state.connect = packet
    return proceed(this.#step(client, state, packet, method))
  }

  /** An AUTH goes on with what is under way, or begins again what succeeded before. */
  #takeAnswer(client: Client, packet: AuthPacket): void | Done | Promise<void | Done> {
    const state = exchange.of(client)
    const { method } = state
    const begins = packet.reasonCode === ReasonCode.RE_AUTHENTICATE
    if (method === undefined || begins === state.open || begins !== (client.connected && !state.open)) {
      throw protocolError('an AUTH that nothing led up to', 'MQTT-4.12.0-7')
    }
    if (packet.properties?.authenticationMethod !== method) {
      throw protocolError('an AUTH of another method than that of the CONNECT', 'MQTT-4.12.1-1')
    }
    return proceed(this.#step(client, state, packet, method))
  }

  *#step(
    client: Client,
    state: Exchange,
    packet: ConnectPacket | AuthPacket,
    method: string,
  ): Steps<void | Done> {
    const store: Store<'authenticateExchange'> = {}
    const data = packet.properties?.authenticationData
    const again = client.connected
    if (!state.open) claimed.of(client).username = undefined
    const claim = this.#claimOf(client, method, again)
    const began = this.stack.clock.now()
    try {
      yield this.stack.run('authenticateExchange', { client, packet, method, data, again, claim }, store)
    } catch (error) {
      this.#measure('error', began)
      return this.#handleFailure(client, error as Error)
    }
    this.#measure(store.state ?? 'failure', began)
    if (client.closed) return DONE
    if (store.state === undefined) {
      const why = `no provider that is asked here knows the method ${method}`
      return this.#refuse(client, ReasonCode.BAD_AUTHENTICATION_METHOD, undefined, why)
    }
    if (store.state === 'failure')
      return this.#refuse(client, store.reasonCode ?? ReasonCode.NOT_AUTHORIZED, store.reason, store.detail)
    const said = store.data === undefined ? undefined : Buffer.from(store.data)
    if (store.state === 'continue') {
      state.open = true
      if (!again) this.#await(client, state)
      this.#say(client, ReasonCode.CONTINUE_AUTHENTICATION, method, said)
      return DONE
    }
    return yield* this.#succeed(client, state, packet, store, said)
  }

  /** What a provider says a name with; whoever counts guesses is asked, once for each name. */
  #claimOf(client: Client, method: string | undefined, again: boolean): Claim {
    return (username) => proceed(this.#claim({ client, username, method, again }))
  }

  *#claim(ctx: Context<'admitAttempt'>): Steps {
    const { client, username } = ctx
    const state = claimed.of(client)
    if (state.username === username) return
    state.username = username
    yield this.stack.run('admitAttempt', ctx, {})
    state.over = client.closed
  }

  /** Until CONNACK nothing else may come [MQTT-3.1.2-30], and not for ever. */
  #await(client: Client, state: Exchange): void {
    client.expect(['auth', 'disconnect'])
    if (state.timer !== undefined) return
    const timer = judgeAfter(this.stack.clock, this.config.exchangeTimeout, () => {
      this.stack.closeClient(client, ReasonCode.NOT_AUTHORIZED, 'the authentication took too long')
    })
    state.timer = timer
    client.onClose(() => timer.cancel())
  }

  *#succeed(
    client: Client,
    state: Exchange,
    packet: ConnectPacket | AuthPacket,
    { identity, groups = [] }: Store<'authenticateExchange'>,
    data: Buffer | undefined,
  ): Steps<Done> {
    state.open = false
    state.timer?.cancel()
    client.expect(undefined)
    if (client.connected) {
      if (identity !== client.session.identity) return this.#refuse(client, ReasonCode.NOT_AUTHORIZED)
      client.session.groups = groups
      // What it may do is asked again by those behind, before it is told.
      yield this.stack.resume(this, client, packet)
      if (client.closed) return DONE
      const method = state.method as string
      this.#say(client, ReasonCode.SUCCESS, method, data)
      const { username } = claimed.of(client)
      this.stack.tell('clientReauthenticated', { client, username, method })
      return DONE
    }
    client.session.identity = identity
    client.session.groups = groups
    state.data = data
    // The CONNECT that was kept back goes to those behind.
    yield this.stack.resume(this, client, state.connect as ConnectPacket)
    return DONE
  }

  #say(
    client: Client,
    reasonCode: number,
    authenticationMethod: string,
    authenticationData: Buffer | undefined,
  ): void {
    client.write({ cmd: 'auth', reasonCode, properties: { authenticationMethod, authenticationData } })
  }

  #handleFailure(client: Client, error: Error): Done {
    this.stack.fail(error, undefined, undefined)
    const detail = new Error(`a provider failed: ${error.message}`)
    this.stack.closeClient(client, ReasonCode.SERVER_UNAVAILABLE, NOT_AUTHENTICATED, detail)
    return DONE
  }

  /** @param detail Why, for the log alone. */
  #refuse(
    client: Client,
    reasonCode: ReasonCode,
    reason: string = NOT_AUTHENTICATED,
    detail?: string | undefined,
  ): Done {
    const username = claimed.peek(client)?.username ?? client.username
    const { method } = exchange.of(client)
    if (!OURS.has(reasonCode)) {
      this.stack.tell('authenticationFailed', { client, username, method, reasonCode, reason })
    }
    this.stack.closeClient(client, reasonCode, reason, detail === undefined ? undefined : new Error(detail))
    return DONE
  }
}
