/** Whom somebody follows. */
import { isIP } from 'node:net'
import type { Client, FollowTerms, OptionsSpec } from '@mqtt-stack/core'
import { addressOf, isValidTopicFilter, matchesFilter, resolveOptions, StackError } from '@mqtt-stack/core'

const SECONDS = { usual: 60, most: 3_600 }
const EVENTS = { usual: 1_000, most: 100_000 }

const TERMS: OptionsSpec<FollowTerms> = {
  clientId: { kind: 'string', optional: true, doc: 'client identifier' },
  topic: { kind: 'string', optional: true, doc: 'topic filter' },
  address: { kind: 'string', optional: true, doc: 'address, without a port' },
  seconds: { kind: 'any', optional: true, doc: 'for how long' },
  events: { kind: 'any', optional: true, doc: 'how many events' },
  payloads: { kind: 'boolean', optional: true, doc: 'whether payloads are shown' },
}

/** What is compared with clients and messages. */
export interface Wanted {
  readonly milliseconds: number
  readonly events: number
  readonly payloads: boolean
  client(client: Client | undefined, clientId: string | undefined): boolean
  topic(topic: string | undefined): boolean
  /** Messages are looked for, of whichever client. */
  readonly byTopic: boolean
}

/** @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID` or `FILTER_INVALID`, naming the term. */
export function wantedOf(terms: FollowTerms): Wanted {
  const { clientId, topic, address } = resolveOptions('follow', terms, TERMS)
  const { seconds = SECONDS.usual, events = EVENTS.usual, payloads = false } = terms ?? {}
  if (!clientId && !topic && !address)
    throw new StackError('OPTION_INVALID', 'follow: say whom: a clientId, a topic or an address')
  if (topic !== undefined && !isValidTopicFilter(topic))
    throw new StackError('FILTER_INVALID', `follow: not a topic filter: ${JSON.stringify(topic)}`)
  if (address !== undefined && !isAddress(address))
    throw new StackError(
      'OPTION_INVALID',
      `follow: not an address: ${JSON.stringify(address)}: say an IPv4 or IPv6 one`,
    )
  checkRange('seconds', seconds, SECONDS.most)
  checkRange('events', events, EVENTS.most)
  const from = address === undefined ? undefined : addressOf(address)
  return {
    milliseconds: seconds * 1_000,
    events,
    payloads,
    byTopic: topic !== undefined,
    client: (client, id = client?.id) =>
      (clientId === undefined || id === clientId) &&
      (from === undefined || (client !== undefined && addressOf(client.listener.remote) === from)),
    topic: (name) => topic === undefined || (name !== undefined && matchesFilter(topic, name)),
  }
}

/** With a port or without, as lists of clients have it. */
function isAddress(address: string): boolean {
  const host = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address
  return isIP(host) > 0 || isIP(host.replace(/:\d+$/, '')) === 4
}

function checkRange(name: string, value: number, most: number): void {
  if (typeof value === 'number' && value > 0 && value <= most) return
  throw new StackError('OPTION_INVALID', `follow: ${name} must be above 0 and at most ${most}, not ${value}`)
}
