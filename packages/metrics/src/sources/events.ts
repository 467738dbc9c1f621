/** What the stack tells of, counted. */
import type { Context, MetricFamily } from '@mqtt-stack/core'
import { Counter } from '../counter.ts'
import { reasonName } from './reasons.ts'

export class EventCounts {
  readonly #dropped = new Counter(
    'mqtt_messages_dropped_total',
    'Messages that were dropped for a receiver, or refused to their publisher, by reason.',
    ['reason'],
  )
  readonly #granted = new Counter('mqtt_subscriptions_granted_total', 'Filters that were granted, by QoS.', [
    'qos',
  ])
  readonly #refused = new Counter(
    'mqtt_subscriptions_refused_total',
    'Filters that were refused, by reason code.',
    ['reason'],
  )
  readonly #ended = new Counter('mqtt_subscriptions_ended_total', 'Subscriptions that were ended.', [])
  readonly #takenOver = new Counter(
    'mqtt_sessions_taken_over_total',
    'Sessions that a newer connection took over.',
    [],
  )
  readonly #sessionsEnded = new Counter('mqtt_sessions_ended_total', 'Sessions that are over, and why.', [
    'reason',
  ])
  #expired = 0
  readonly #failed = new Counter(
    'mqtt_authentications_failed_total',
    'Clients that were not authenticated, by reason code.',
    ['reason'],
  )
  readonly #stalled = new Counter(
    'mqtt_handlers_stalled_total',
    'Handlers that had not answered for the stall timeout.',
    ['middleware', 'callback'],
  )

  constructor() {
    // Alerts on a series that is not there yet would see nothing.
    for (const counter of [this.#ended, this.#takenOver]) counter.add([], 0)
  }

  get dropped(): number {
    return this.#dropped.total
  }

  get expired(): number {
    return this.#expired
  }

  drop({ reason, count }: Context<'messageDropped'>): void {
    this.#dropped.add([reason], count)
  }

  grant({ qos }: Context<'topicSubscribed'>): void {
    this.#granted.add([String(qos)])
  }

  refuse({ reasonCode }: Context<'subscriptionRefused'>): void {
    this.#refused.add([reasonName(reasonCode)])
  }

  unsubscribe(): void {
    this.#ended.add([])
  }

  takeOver(): void {
    this.#takenOver.add([])
  }

  endSession({ reason }: Context<'sessionEnded'>): void {
    this.#sessionsEnded.add([reason])
    if (reason === 'expired') this.#expired++
  }

  fail({ reasonCode }: Context<'authenticationFailed'>): void {
    this.#failed.add([reasonName(reasonCode)])
  }

  stall({ middleware, callback }: Context<'handlerStalled'>): void {
    this.#stalled.add([middleware, callback])
  }

  families(): MetricFamily[] {
    return [
      this.#dropped,
      this.#granted,
      this.#refused,
      this.#ended,
      this.#takenOver,
      this.#sessionsEnded,
      this.#failed,
      this.#stalled,
    ].map((counter) => counter.family())
  }
}
