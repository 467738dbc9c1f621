import { isIP } from 'node:net'
import type { OptionsSpec, QoS } from '@mqtt-stack/core'
import {
  isValidTopicFilter,
  isValidTopicName,
  parseShare,
  resolveOptions,
  StackError,
} from '@mqtt-stack/core'

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

const TEXT = { kind: 'string', optional: true } as const

const QUESTION: OptionsSpec<Question> = {
  client: { ...TEXT, doc: 'client identifier' },
  user: { ...TEXT, doc: 'who it is by authentication' },
  groups: { kind: 'any', optional: true, doc: 'the groups that it is in' },
  address: { ...TEXT, doc: 'where it comes from' },
  listener: { ...TEXT, doc: 'the listener that it comes by' },
  publish: { ...TEXT, doc: 'topic' },
  will: { ...TEXT, doc: 'topic of a will' },
  subscribe: { ...TEXT, doc: 'topic filter' },
  connect: { kind: 'any', optional: true, doc: 'with this password, or with none' },
  qos: { kind: 'number', choices: [0, 1, 2], optional: true, doc: 'of the message or subscription' },
  retain: { kind: 'boolean', optional: true, doc: 'the message is to be retained' },
}

/**
 * What is asked about.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID`, `TOPIC_INVALID` or `FILTER_INVALID`.
 */
export function actOf(question: Question): Act {
  const { groups, address } = resolveOptions('explain', question, QUESTION)
  // A rule of an address would seem not to fit.
  if (address !== undefined && isIP(address) === 0)
    throw new StackError(
      'OPTION_INVALID',
      `explain: option "address" must be an IP address, such as 192.0.2.7, not ${JSON.stringify(address)}`,
    )
  if (groups !== undefined && !(Array.isArray(groups) && groups.every((one) => typeof one === 'string')))
    throw new StackError(
      'OPTION_INVALID',
      `explain: option "groups" must be a list of names, not ${JSON.stringify(groups)}`,
    )
  const [act, ...others] = ACTS.filter((one) => question[one] !== undefined)
  if (act === undefined || others.length > 0)
    throw new StackError('OPTION_INVALID', `explain: give one of ${ACTS.join(', ')}`)
  const { publish, will, subscribe } = question
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
