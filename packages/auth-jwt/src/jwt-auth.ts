import type { CallbackName, Client, Context, Done, Handler, Resolved, Store } from '@mqtt-stack/core'
import { DONE, Middleware, ReasonCode, Slot, StackError } from '@mqtt-stack/core'
import { AuthorityFile } from '@mqtt-stack/core/users'
import type { Algorithm } from './algorithms.ts'
import { areSymmetric, checkAlgorithms } from './algorithms.ts'
import type { Admission } from './claims.ts'
import { readClaims } from './claims.ts'
import { Expiry } from './expiry.ts'
import { KeyFile } from './key-file.ts'
import { KeySetUrl } from './key-set-url.ts'
import type { KeySource } from './key-source.ts'
import { readKey } from './keys.ts'
import type { JwtAuthOptions } from './options.ts'
import { JWT_AUTH_OPTIONS, namesOf } from './options.ts'
import type { Verdict } from './verdict.ts'
import type { Expectations } from './verify.ts'
import { verifyToken } from './verify.ts'

/** The authentication method (5.0) by which a client brings its token, and later a newer one. */
export const METHOD = 'JWT'

/** A client that we let in. */
class Admitted {
  admission: Admission | undefined
  readonly expiry = new Expiry()
}

const admitted = new Slot(() => new Admitted())

/**
 * Lets in clients whose password is a JSON Web Token that is signed as it should be, under the name in it, for as long as
 * the token is good. What is no token, or one of another issuer, is left to other providers.
 */
export class JwtAuth extends Middleware<JwtAuthOptions> {
  /** Only where tokens have rights: otherwise access rules are somebody else's. */
  authorizePacket: Handler<'authorizePacket'> | undefined
  sendMessage: Handler<'sendMessage'> | undefined
  readonly uses: readonly CallbackName[] = ['closeClient']
  #keys: KeySource
  /** Were in force before, and have still something to answer. */
  readonly #retired = new Set<KeySource>()
  #expected: Expectations
  #running = false

  /** @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING`, `OPTION_INVALID`. */
  constructor(options?: JwtAuthOptions) {
    super(options, JWT_AUTH_OPTIONS)
    const { issuer, audience, clockTolerance, requireExpiry } = this.config
    const algorithms = checkAlgorithms(this.name, this.config.algorithms)
    this.#expected = {
      algorithms,
      issuer: namesOf(this.name, 'issuer', issuer),
      audience: namesOf(this.name, 'audience', audience),
      clockTolerance,
      requireExpiry,
    }
    this.#keys = this.#keySource(algorithms)
    this.#answer()
  }

  /** @throws StackError `OPTION_INVALID` where the key file cannot be used. */
  async check(): Promise<readonly string[]> {
    await this.#keys.check?.()
    return []
  }

  /** @throws StackError `OPTION_INVALID` where the key file cannot be used. */
  async start(): Promise<void> {
    await this.#keys.start?.(this.stack)
    this.#running = true
  }

  stop(): void {
    this.#running = false
    for (const keys of [this.#keys, ...this.#retired]) keys.stop?.()
  }

  /**
   * Other options from now on, for tokens that come; who was let in stays so until its token is over.
   * @throws StackError as the constructor, or `OPTION_INVALID` for a key file; then nothing has changed.
   */
  async replace(options: JwtAuthOptions): Promise<void> {
    const next = new JwtAuth(options)
    const before = this.#keys
    if (this.#running) await next.#keys.start?.(this.stack)
    this.#keys = next.#keys
    this.#expected = next.#expected
    const mine = this as { config: Resolved<JwtAuthOptions> }
    mine.config = next.config
    this.#answer()
    if (!this.#running) return
    this.stack.refresh()
    this.#retired.add(before)
    void Promise.resolve(before.retire?.()).then(() => this.#retired.delete(before))
  }

  authenticateConnection(
    { client, username, password, dry }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): void | Promise<void> {
    const given = this.config.source === 'username' ? username : password && textOf(password)
    if (given === undefined) return
    return this.#verify(client, given).then((verdict) => {
      if (verdict.outcome === 'unknown') store.reason ??= verdict.reason
      else if (verdict.outcome === 'admitted') {
        store.valid = true
        store.identity = verdict.admission.identity
        store.groups = verdict.admission.groups
        if (dry !== true) this.#admit(client, verdict.admission)
      } else {
        store.valid = false
        store.reason = verdict.reason
        store.reasonCode = verdict.reasonCode
      }
    })
  }

  groupsOf(): string | undefined {
    const { groupsClaim } = this.config
    return groupsClaim === undefined ? undefined : `the token (claim "${groupsClaim}")`
  }

  /** The token comes as the data of the method `JWT`; a newer one of the same client renews it. */
  authenticateExchange(
    { client, method, data, again }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void | Promise<void> {
    if (method !== METHOD) return
    return this.#verify(client, data === undefined ? '' : textOf(data)).then((verdict) => {
      const mayBe = (identity: string): boolean => !again || identity === client.session.identity
      if (verdict.outcome === 'admitted' && mayBe(verdict.admission.identity)) {
        store.state = 'success'
        store.identity = verdict.admission.identity
        store.groups = verdict.admission.groups
        this.#admit(client, verdict.admission)
        return
      }
      store.state = 'failure'
      const other = verdict.outcome === 'admitted'
      store.reason = other ? 'the token is of another user' : (verdict.reason ?? 'what came is no token')
      // DISCONNECT, which ends a connection that was accepted, knows none of the other codes.
      if (verdict.outcome === 'refused' && !again) store.reasonCode = verdict.reasonCode
    })
  }

  #answer(): void {
    const hasRights = this.config.rightsClaim !== undefined
    this.authorizePacket = hasRights ? this.#authorize : undefined
    this.sendMessage = hasRights ? this.#withhold : undefined
  }

  async #verify(client: Client, token: string): Promise<Verdict> {
    const verdict = await verifyToken(token, this.#expected, this.#keys.find, this.stack.clock)
    return verdict.outcome === 'believed' ? readClaims(verdict.claims, client.id, this.config) : verdict
  }

  #admit(client: Client, admission: Admission): void {
    if (client.closed) return
    const state = admitted.of(client)
    if (state.admission === undefined) client.onClose(() => state.expiry.cancel())
    state.admission = admission
    const { expiry = Number.POSITIVE_INFINITY } = admission
    state.expiry.set((expiry + this.config.clockTolerance) * 1_000, client, this.stack)
  }

  #authorize(
    { client, packet, action, dry }: Context<'authorizePacket'>,
    store: Store<'authorizePacket'>,
  ): void {
    const rights = admitted.peek(dry === true ? this.#connected(client) : client)?.admission?.rights
    if (rights === undefined) {
      if (dry === true && this.#isAskedAt(client)) {
        store.depends = true
        store.reason = `depends on the token (claim "${this.config.rightsClaim}")`
      }
      return
    }
    if (packet.cmd === 'subscribe') {
      store.valid = true
      const allowing = packet.subscriptions.map(({ topic }) => rights.subscribes(topic))
      store.grants = packet.subscriptions.map(({ qos }, i) =>
        allowing[i] === undefined ? ReasonCode.NOT_AUTHORIZED : (store.grants?.[i] ?? qos),
      )
      if (dry === true) store.reason = wordsOf(action, allowing[0])
      return
    }
    const topic = packet.cmd === 'publish' ? packet.topic : packet.will?.topic
    const allowing = topic === undefined ? undefined : rights.publishes(topic)
    store.valid = allowing !== undefined
    if (!store.valid || dry === true) store.reason = wordsOf('publish', allowing)
  }

  #isAskedAt({ listener, session }: Client): boolean {
    return session.identity !== undefined && (listener.providers?.includes(this.name) ?? true)
  }

  /** Who is asked about may be connected: its token says what it may do. */
  #connected(probe: Client): Client {
    for (const client of this.stack.clients) {
      if (client.id === probe.id && client.session.identity === probe.session.identity) return client
    }
    return probe
  }

  /** A right that a newer token does not give is gone for older subscriptions, and for what waits, too. */
  #withhold({ client, topic }: Context<'sendMessage'>, store: Store<'sendMessage'>): void | Done {
    const rights = admitted.peek(client)?.admission?.rights
    if (rights === undefined || rights.receives(topic)) return
    store.reason = 'not-authorized'
    return DONE
  }

  #keySource(algorithms: readonly Algorithm[]): KeySource {
    const { key, keyFile, keyEncoding: encoding, jwksUrl, allowHttp, caFile } = this.config
    const { jwksTimeout: timeout, jwksMaxAge: maxAge, jwksCooldown: cooldown } = this.config
    const owner = this.name
    const given = [key, keyFile, jwksUrl].filter((one) => one !== undefined)
    if (given.length !== 1) {
      throw new StackError(
        'OPTION_INVALID',
        `${owner}: give exactly one of the options "key", "keyFile" and "jwksUrl", not ${given.length}`,
      )
    }
    if (caFile !== undefined && jwksUrl === undefined) {
      throw new StackError(
        'OPTION_INVALID',
        `${owner}: option "caFile" is for "jwksUrl", which is not given: leave it out`,
      )
    }
    if (key !== undefined)
      return { find: readKey(key, { algorithms, encoding, what: `${owner}: option "key"` }) }
    if (keyFile !== undefined)
      return new KeyFile(keyFile, { algorithms, encoding, what: `${owner}: key file "${keyFile}"` })
    if (areSymmetric(algorithms)) {
      throw new StackError(
        'OPTION_INVALID',
        `${owner}: option "jwksUrl" hands out public keys, but ${algorithms[0]} wants a shared secret`,
      )
    }
    const authorities = caFile === undefined ? undefined : new AuthorityFile(caFile, owner)
    return new KeySetUrl({ owner, url: jwksUrl as string, timeout, maxAge, cooldown, allowHttp, authorities })
  }
}

function wordsOf(action: 'publish' | 'subscribe' | 'will', allowing: string | undefined): string {
  return allowing === undefined
    ? `the token has no right to ${action} there`
    : `its token: ${action} ${allowing}`
}

/** A token has ASCII alone: any other byte becomes a character that no token has. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
