/** Asks who clients are. */
import type { Clock, Context, Store } from '@mqtt-stack/core'
import { AnswerCache, keyMaker } from './answer-cache.ts'
import type { CacheTimes } from './cache-times.ts'
import { timeOf } from './cache-times.ts'
import { explain } from './failures.ts'
import { problemOf } from './json-schema.ts'
import type { AuthenticateAnswer, AuthenticateRequest } from './messages.ts'
import { originOf } from './origin.ts'
import { AUTHENTICATE_ANSWER } from './schemas.ts'
import type { Service } from './service.ts'

export class Authenticator {
  readonly #service: Service
  readonly #times: CacheTimes
  readonly #keyOf = keyMaker()
  /** Apart, so that whoever tries many passwords moves no one out who was let in. */
  readonly #allowed: AnswerCache<AuthenticateAnswer>
  readonly #others: AnswerCache<AuthenticateAnswer>
  /** Questions under way: who asks the same waits for the same answer. */
  readonly #asking = new Map<string, Promise<AuthenticateAnswer>>()

  constructor(service: Service, times: CacheTimes, entries: number) {
    this.#service = service
    this.#times = times
    this.#allowed = new AnswerCache(entries)
    this.#others = new AnswerCache(entries)
  }

  answer(
    ctx: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
    clock: Clock,
  ): void | Promise<void> {
    if (ctx.username === undefined && ctx.password === undefined) return
    const body = JSON.stringify(requestOf(ctx))
    const key = this.#keyOf(body)
    const known = this.#allowed.find(key, clock) ?? this.#others.find(key, clock)
    if (known !== undefined) return apply(known, store)
    return (ctx.dry === true ? this.#askDry(ctx) : this.#ask(key, body, clock)).then(
      (answer) => apply(answer, store),
      (error) => {
        const { reasonCode, reason } = explain(error)
        store.valid = false
        store.reasonCode = reasonCode
        store.reason = reason
      },
    )
  }

  /** What is under way was asked before: it is answered to whoever asked, and to nobody else. */
  clear(): void {
    this.#asking.clear()
    this.#allowed.clear()
    this.#others.clear()
  }

  /** Somebody only wants to know: nothing is kept. */
  #askDry(ctx: Context<'authenticateConnection'>): Promise<AuthenticateAnswer> {
    const body: AuthenticateRequest = { ...requestOf(ctx), dry: true }
    return this.#service.askDry(JSON.stringify(body), judge)
  }

  #ask(key: string, body: string, clock: Clock): Promise<AuthenticateAnswer> {
    const underWay = this.#asking.get(key)
    if (underWay !== undefined) return underWay
    const isCurrent = (): boolean => this.#asking.get(key) === asked
    const asked = this.#askNow(key, body, clock, isCurrent).finally(() => {
      if (isCurrent()) this.#asking.delete(key)
    })
    this.#asking.set(key, asked)
    return asked
  }

  async #askNow(
    key: string,
    body: string,
    clock: Clock,
    isCurrent: () => boolean,
  ): Promise<AuthenticateAnswer> {
    const answer = await this.#service.ask<AuthenticateAnswer>(body, judge)
    if (!isCurrent()) return answer
    const cache = answer.result === 'allow' ? this.#allowed : this.#others
    cache.keep(key, answer, timeOf(answer.result, answer.cacheSeconds, this.#times), clock)
    return answer
  }
}

function judge(value: unknown): string | undefined {
  return problemOf(value, AUTHENTICATE_ANSWER)
}

function requestOf({ client, username, password }: Context<'authenticateConnection'>): AuthenticateRequest {
  return {
    ...originOf(client),
    ...(username !== undefined && { username }),
    ...(password !== undefined && passwordOf(password)),
  }
}

/** Text where the bytes are text: what is not UTF-8 would come out as another password. */
function passwordOf(bytes: Uint8Array): Pick<AuthenticateRequest, 'password' | 'passwordBase64'> {
  try {
    return { password: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { passwordBase64: Buffer.from(bytes).toString('base64') }
  }
}

function apply(answer: AuthenticateAnswer, store: Store<'authenticateConnection'>): void {
  const { result, identity, groups, reasonCode, reason } = answer
  if (result === 'ignore') return
  store.valid = result === 'allow'
  if (result === 'allow') {
    if (identity !== undefined) store.identity = identity
    store.groups = groups ?? []
  } else {
    if (reasonCode !== undefined) store.reasonCode = reasonCode
    if (reason !== undefined) store.reason = reason
  }
}
