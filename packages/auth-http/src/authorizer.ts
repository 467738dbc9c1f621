/** Asks what clients may do. */
import type { AskedSubscribe, AuthorizeStore, Client, Clock, Context } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { CacheTimes } from './cache-times.ts'
import { timeOf } from './cache-times.ts'
import type { Decision } from './decisions.ts'
import { Decisions, kindOf, publishKind } from './decisions.ts'
import { explain } from './failures.ts'
import { problemOf } from './json-schema.ts'
import type { AuthorizeAnswer, AuthorizeRequest, Question } from './messages.ts'
import { originOf } from './origin.ts'
import { AUTHORIZE_ANSWER, MOST } from './schemas.ts'
import type { Service } from './service.ts'

export class Authorizer {
  readonly #service: Service
  readonly #times: CacheTimes
  readonly #decisions: Decisions

  constructor(service: Service, times: CacheTimes, entries: number) {
    this.#service = service
    this.#times = times
    this.#decisions = new Decisions(entries)
  }

  /** Answers at once what is known. */
  answer(
    { client, packet }: Context<'authorizePacket'>,
    store: AuthorizeStore,
    clock: Clock,
  ): void | Promise<void> {
    if (packet.cmd === 'subscribe') return this.#subscribe(client, packet, store, clock)
    if (packet.cmd === 'publish') {
      const { topic, qos, retain } = packet
      const known = this.#decisions.find(client, publishKind(qos, retain), topic, clock)
      if (known !== undefined) return decide(store, known)
      return this.#askOne(client, { action: 'publish', topic, qos, retain }, store, clock)
    }
    const { will } = packet
    if (will === undefined) return
    const { topic, qos, retain } = will
    return this.#askOne(
      client,
      { action: 'will', topic, qos: qos ?? 0, retain: retain === true },
      store,
      clock,
    )
  }

  clear(): void {
    this.#decisions.clear()
  }

  #askOne(client: Client, question: Question, store: AuthorizeStore, clock: Clock): Promise<void> {
    return this.#ask(client, [question], clock).then(
      ([decision]) => decide(store, decision),
      (error) => refuse(store, error, question.action === 'will'),
    )
  }

  #subscribe(
    client: Client,
    { subscriptions }: AskedSubscribe,
    store: AuthorizeStore,
    clock: Clock,
  ): void | Promise<void> {
    const questions = subscriptions.map(({ topic, qos }): Question => ({ action: 'subscribe', topic, qos }))
    const decisions = questions.map((one) =>
      this.#decisions.find(client, kindOf(one) as number, one.topic, clock),
    )
    const open = questions.filter((_, i) => decisions[i] === undefined)
    if (open.length === 0) return grant(store, subscriptions, decisions as Decision[])
    return this.#ask(client, open, clock).then(
      (answers) => {
        const all = decisions.map((known) => known ?? (answers.shift() as Decision))
        grant(store, subscriptions, all)
      },
      (error) => refuse(store, error, false),
    )
  }

  /** The decisions in the order of the questions, which are asked a few at a time. */
  async #ask(client: Client, questions: readonly Question[], clock: Clock): Promise<Decision[]> {
    const decisions: Decision[] = []
    for (let at = 0; at < questions.length; at += MOST) {
      const some = questions.slice(at, at + MOST)
      const { results, cacheSeconds } = await this.#service.ask<AuthorizeAnswer>(
        JSON.stringify(requestOf(client, some)),
        (value) =>
          problemOf(value, AUTHORIZE_ANSWER) ?? problemOfCount(value as AuthorizeAnswer, some.length),
      )
      for (const [i, result] of results.entries())
        this.#decisions.keep(client, some[i], result, timeOf(result, cacheSeconds, this.#times), clock)
      decisions.push(...results)
    }
    return decisions
  }
}

function requestOf(client: Client, questions: Question[]): AuthorizeRequest {
  const { identity, groups } = client.session
  return { ...originOf(client), ...(identity !== undefined && { identity }), groups: [...groups], questions }
}

function problemOfCount({ results }: AuthorizeAnswer, asked: number): string | undefined {
  return results.length === asked ? undefined : `"results" must have ${asked} items, one for each question`
}

function decide(store: AuthorizeStore, decision: Decision): void {
  if (decision === 'ignore') return
  store.valid = decision === 'allow'
  if (decision === 'deny') store.reason = 'the service says no'
}

/**
 * `valid` is one for all filters: where it knows some of them, those that it ignores would be allowed with them, and so are
 * refused.
 */
function grant(
  store: AuthorizeStore,
  subscriptions: AskedSubscribe['subscriptions'],
  decisions: readonly Decision[],
): void {
  if (decisions.every((decision) => decision === 'ignore')) return
  store.valid = true
  store.grants = subscriptions.map(({ qos }, i) =>
    decisions[i] === 'allow' ? (store.grants?.[i] ?? qos) : ReasonCode.NOT_AUTHORIZED,
  )
}

/** No answer is a no. Acknowledgements know of no server that is unavailable; CONNACK does. */
function refuse(store: AuthorizeStore, error: unknown, connecting: boolean): void {
  const { reasonCode, reason } = explain(error)
  store.valid = false
  store.reason = reason
  store.reasonCode = connecting ? reasonCode : ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR
}
