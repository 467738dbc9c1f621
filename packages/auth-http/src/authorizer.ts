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

/** How a question is asked. */
interface How {
  readonly clock: Clock
  /** Somebody only wants to know: nothing is kept. */
  readonly dry: boolean
}

export class Authorizer {
  readonly #service: Service
  readonly #times: CacheTimes
  readonly #decisions: Decisions
  /** How often all was forgotten: what was asked before is not kept. */
  #cleared = 0

  constructor(service: Service, times: CacheTimes, entries: number) {
    this.#service = service
    this.#times = times
    this.#decisions = new Decisions(entries)
  }

  /** Answers at once what is known. */
  answer(
    { client, packet, dry = false }: Context<'authorizePacket'>,
    store: AuthorizeStore,
    clock: Clock,
  ): void | Promise<void> {
    if (packet.cmd === 'subscribe') return this.#subscribe(client, packet, store, { clock, dry })
    if (packet.cmd === 'publish') {
      const { topic, qos, retain } = packet
      const known = this.#decisions.find(client, publishKind(qos, retain), topic, clock)
      if (known !== undefined) return decide(store, known)
      return this.#askOne(client, { action: 'publish', topic, qos, retain }, store, { clock, dry })
    }
    const { will } = packet
    if (will === undefined) return
    const { topic, qos, retain } = will
    const question: Question = { action: 'will', topic, qos: qos ?? 0, retain: retain === true }
    return this.#askOne(client, question, store, { clock, dry })
  }

  clear(): void {
    this.#cleared++
    this.#decisions.clear()
  }

  #askOne(client: Client, question: Question, store: AuthorizeStore, how: How): Promise<void> {
    return this.#ask(client, [question], how).then(
      ([decision]) => decide(store, decision),
      (error) => refuse(store, error, question.action === 'will'),
    )
  }

  #subscribe(
    client: Client,
    { subscriptions }: AskedSubscribe,
    store: AuthorizeStore,
    how: How,
  ): void | Promise<void> {
    const questions = subscriptions.map(({ topic, qos }): Question => ({ action: 'subscribe', topic, qos }))
    const decisions = questions.map((one) =>
      this.#decisions.find(client, kindOf(one) as number, one.topic, how.clock),
    )
    const open = questions.filter((_, i) => decisions[i] === undefined)
    if (open.length === 0) return grant(store, subscriptions, decisions as Decision[])
    return this.#ask(client, open, how).then(
      (answers) => {
        const all = decisions.map((known) => known ?? (answers.shift() as Decision))
        grant(store, subscriptions, all)
      },
      (error) => refuse(store, error, false),
    )
  }

  /** The decisions in the order of the questions, which are asked a few at a time. */
  async #ask(client: Client, questions: readonly Question[], { clock, dry }: How): Promise<Decision[]> {
    const decisions: Decision[] = []
    for (let at = 0; at < questions.length; at += MOST) {
      const some = questions.slice(at, at + MOST)
      const judge = (value: unknown): string | undefined =>
        problemOf(value, AUTHORIZE_ANSWER) ?? problemOfCount(value as AuthorizeAnswer, some.length)
      const body = JSON.stringify({ ...requestOf(client, some), ...(dry && { dry }) })
      const cleared = this.#cleared
      const { results, cacheSeconds } = dry
        ? await this.#service.askDry<AuthorizeAnswer>(body, judge)
        : await this.#service.ask<AuthorizeAnswer>(body, judge)
      for (const [i, result] of dry || cleared !== this.#cleared ? [] : results.entries())
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
  store.reason = decision === 'allow' ? 'the service says yes' : 'the service says no'
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
  store.reason ??= decisions[0] === 'allow' ? 'the service says yes' : 'the service says no'
}

/** No answer is a no. Acknowledgements know of no server that is unavailable; CONNACK does. */
function refuse(store: AuthorizeStore, error: unknown, connecting: boolean): void {
  const { reasonCode, reason } = explain(error)
  store.valid = false
  store.reason = reason
  store.reasonCode = connecting ? reasonCode : ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR
}
