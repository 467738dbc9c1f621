import type { QoS } from '@mqtt-stack/core'
import { isValidTopicFilter, isValidTopicName, parseShare, StackError } from '@mqtt-stack/core'

/** Who wants to do what. Of `publish`, `will`, `subscribe` and `connect` one is given. */
export interface Question {
  /** A client identifier. Without `user` it is the client that is connected, or has a session; otherwise nobody knows it. */
  client?: string
  /** Who it is by authentication. Without it, and without a client that is known: nobody. */
  user?: string
  /** The groups that it is in; by default those of the client that is connected, or of the user as the providers know it. */
  groups?: readonly string[]
  /** Where it comes from: `192.0.2.7`. This machine by default. */
  address?: string
  /** The listener that it comes by: its name, or its address (`mqtts://0.0.0.0:8883`). */
  listener?: string
  /** A topic. */
  publish?: string
  /** The topic of a will. */
  will?: string
  /** A topic filter. */
  subscribe?: string
  /** With this password, or with none. */
  connect?: true | { readonly password?: string }
  /** Of the message or subscription; 0 by default. */
  qos?: QoS
  /** The message is to be retained. */
  retain?: boolean
}

const ACTS = ['publish', 'will', 'subscribe', 'connect'] as const
export type Act = (typeof ACTS)[number]

const KEYS: readonly string[] = [
  'client',
  'user',
  'groups',
  'address',
  'listener',
  ...ACTS,
  'qos',
  'retain',
] satisfies (keyof Question)[]

/**
 * What is asked about.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID`, `TOPIC_INVALID` or `FILTER_INVALID`.
 */
export function actOf(question: Question): Act {
  for (const key of Object.keys(question))
    if (!KEYS.includes(key))
      throw new StackError('OPTION_UNKNOWN', `explain: unknown key "${key}" (known: ${KEYS.join(', ')})`)
  const [act, ...others] = ACTS.filter((one) => question[one] !== undefined)
  if (act === undefined || others.length > 0)
    throw new StackError('OPTION_INVALID', `explain: give one of ${ACTS.join(', ')}`)
  const { publish, will, subscribe, qos = 0 } = question
  if (qos !== 0 && qos !== 1 && qos !== 2)
    throw new StackError('OPTION_INVALID', `explain: "qos" is 0, 1 or 2, not ${JSON.stringify(qos)}`)
  const topic = publish ?? will
  if (topic !== undefined && !isValidTopicName(topic))
    throw new StackError('TOPIC_INVALID', `explain: not a topic name: ${JSON.stringify(topic)}`)
  if (subscribe !== undefined && !isFilter(subscribe))
    throw new StackError('FILTER_INVALID', `explain: not a topic filter: ${JSON.stringify(subscribe)}`)
  return act
}

function isFilter(filter: string): boolean {
  return isValidTopicFilter(filter) && parseShare(filter)?.malformed !== true
}
