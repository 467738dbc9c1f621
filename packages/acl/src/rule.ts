import type { QoS } from '@mqtt-stack/core'
import type { AddressRange } from './address-range.ts'
import type { TopicPattern } from './topic-pattern.ts'

/**
 * What a rule is about. `publish` has wills in it, `will` is for wills alone. `subscribe` is asked once, by filter;
 * `receive` at each delivery, by topic.
 */
export type AclAction = 'publish' | 'subscribe' | 'receive' | 'will'

export const ACTIONS: readonly AclAction[] = ['publish', 'subscribe', 'receive', 'will']

type Some<T> = T | readonly T[]

/**
 * A rule as it is written, in code or in a configuration: `allow` or `deny`, a topic, and conditions that must all be
 * met. Of several values for one condition any will do.
 */
export interface AclRule {
  allow?: Some<AclAction>
  deny?: Some<AclAction>
  /** Topic filters. `%u`, `%c` and `%g` stand for user, client identifier and each group; `%%` is a percent sign. */
  topic: Some<string>
  /** Who a client is, by authentication: what it merely calls itself does not count. */
  user?: Some<string>
  group?: Some<string>
  /** Client identifier. */
  client?: Some<string>
  /** Where it comes from: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. */
  address?: Some<string>
  /** The name of the listener that it came by. */
  listener?: Some<string>
  /** Clients that nobody knows by name. */
  anonymous?: boolean
  /** The highest QoS of messages that it allows, and that it grants a subscription. */
  qos?: QoS
  /** Retained messages alone, or only those that are not. */
  retain?: boolean
  /** Where it was written, for messages: `broker.yaml:31`. */
  source?: string
}

/** A rule that was read and checked. */
export interface Rule {
  /** Its place among those that were read, from 1. */
  readonly number: number
  readonly source: string | undefined
  readonly allow: boolean
  readonly actions: readonly AclAction[]
  readonly topics: readonly TopicPattern[]
  readonly users: ReadonlySet<string> | undefined
  readonly groups: ReadonlySet<string> | undefined
  readonly clients: ReadonlySet<string> | undefined
  readonly ranges: readonly AddressRange[] | undefined
  readonly listeners: ReadonlySet<string> | undefined
  readonly anonymous: boolean
  readonly qos: QoS
  readonly retain: boolean | undefined
  /** A pattern of Mosquitto: nobody whose name holds `+` or `#` meets it. */
  readonly plainNames: boolean
  /** The conditions in words: ` user alice qos 1`. */
  readonly conditions: string
}

/** A rule in the words of a file; of several topics, with blanks between. */
export function describeText({ allow, actions, topics, conditions }: Rule): string {
  const shown = topics.map(({ text }) => wordOf(text)).join(' ')
  return `${allow ? 'allow' : 'deny'} ${actions.join(',')} ${shown}${conditions}`
}

/** In double quotes where it has blanks or quotes in it. */
export function wordOf(text: string): string {
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text)
}

/** `acl rule 4, broker.yaml:31: deny publish plant/#`. */
export function describeRule(rule: Rule, topic: TopicPattern): string {
  const { number, source, allow, actions, conditions } = rule
  const where = source === undefined ? '' : `, ${source}`
  return `acl rule ${number}${where}: ${allow ? 'allow' : 'deny'} ${actions.join(',')} ${topic.text}${conditions}`
}
