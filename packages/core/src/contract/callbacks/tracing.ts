/** Looking on: what happens to a client or a topic now, and why a message did not come. */

import type { DeliveryQuestion } from '../delivery-question.ts'
import { checkDeliveryQuestion } from '../delivery-question.ts'
import type { Fields } from '../log/index.ts'
import { PATIENCE } from './patience.ts'
import type { RulesOf } from './rule.ts'

const ADD_TRACING = 'add Tracing of @mqtt-stack/tracing to the stack (option tracing of a broker)'

/** Whom, and what, somebody wants to follow: all that is given must fit, and one of the first three is. */
export interface FollowTerms {
  readonly clientId?: string | undefined
  /** Topic filter: messages whose topic it matches. */
  readonly topic?: string | undefined
  /** Where a client comes from, without its port. */
  readonly address?: string | undefined
  /** Seconds until it ends by itself; 60 by default, 3,600 at most. */
  readonly seconds?: number | undefined
  /** Events until it ends by itself; 1,000 by default, 100,000 at most. */
  readonly events?: number | undefined
  /** Payloads and user properties are shown too, the first 256 characters of each. */
  readonly payloads?: boolean | undefined
}

/** What one middleware did about a packet or a question. */
export interface TrafficStep {
  readonly middleware: string
  /** It ended the chain: nobody behind it was asked. */
  readonly ended: boolean
  /** What it put into the store; what may be a secret is left out. */
  readonly said: Fields
  /** The error that it failed with. */
  readonly failed: string | undefined
  /** Milliseconds until it had answered. */
  readonly milliseconds: number | undefined
}

/** A packet of somebody who is followed, or a decision about it. */
export interface TrafficEvent {
  /** Milliseconds since 1970. */
  readonly at: number
  /** A packet that came, one that was sent, or a question that middlewares answered. */
  readonly kind: 'in' | 'out' | 'decided'
  readonly clientId: string
  readonly remote: string | undefined
  /** The packet's type, such as `publish`, or the callback. */
  readonly name: string
  /** What is in the packet, or what the question is about. */
  readonly fields: Fields
  /** Those who did something, in order. */
  readonly steps: readonly TrafficStep[]
  /** How long it took in all; `undefined` for what was sent. */
  readonly milliseconds: number | undefined
}

/** One thing that keeps, or kept, a message from a client. */
export interface Finding {
  /** Who found it. */
  readonly middleware: string
  /** A name that does not change, such as `queue-full`, for programs. */
  readonly cause: string
  /** One sentence for a person, with the fix where there is one. */
  readonly text: string
  /** The middleware that keeps or kept it, where one does and its name is known. */
  readonly by?: string | undefined
  /** When it happened, in milliseconds since 1970; absent: it is so now. */
  readonly at?: number | undefined
}

/** Context and store of each. */
export interface TracingCallbacks {
  /**
   * Somebody follows a client, a topic or an address from now on: `see` is called for each event, and `over` once, when
   * it has ended by itself. Whoever answers says how to end it; `OPTION_INVALID` is thrown for terms that are none, and
   * where too many follow already.
   * @executedBy anyone
   * @answeredBy tracing
   */
  followTraffic: {
    ctx: {
      readonly terms: FollowTerms
      readonly see: (event: TrafficEvent) => void
      readonly over?: ((why: 'time' | 'events' | 'stopped') => void) | undefined
    }
    store: { end?: () => void }
  }

  /**
   * Why did messages on this topic not come to this client? Whoever knows something pushes what it found. A handler that
   * fails, or has not answered within 4 s, is a finding itself (`explain-failed`), and keeps no other from being asked.
   * `TOPIC_INVALID`, `OPTION_INVALID` and `OPTION_UNKNOWN` are thrown for a question that is none, and
   * `CALLBACK_UNANSWERED` where nobody answers.
   * @executedBy anyone
   * @answeredBy tracing, anyone
   */
  explainDelivery: { ctx: DeliveryQuestion; store: Finding[] }
}

/** Their rules. */
export const TRACING: RulesOf<TracingCallbacks> = {
  followTraffic: { merge: 'one', unanswered: ADD_TRACING },
  explainDelivery: {
    merge: 'each',
    newStore: () => [],
    check: checkDeliveryQuestion,
    unanswered: ADD_TRACING,
    patience: PATIENCE,
    failed: (store, middleware, { message }) => {
      const text = `${middleware} could not say what it knows: ${message}`
      store.push({ middleware, cause: 'explain-failed', text, by: middleware })
    },
  },
}
