/** Says why messages on a topic did not come to a client: what is so now, and what happened lately. */
import type { SessionSummary, Stack, SubscriptionRecord } from '@mqtt-stack/core'
import { matchesFilter, shareOf } from '@mqtt-stack/core'
import type { Found } from './found.ts'
import type { Memory } from './memory.ts'
import { nearestMiss } from './near-miss.ts'
import { pastOf, refusedFilter } from './past.ts'
import type { Question } from './question.ts'
import { rulesOf } from './rules.ts'

/**
 * Findings in the order in which they matter: whether anybody is there, whether it is subscribed, what rules say, what is
 * in the way now, what was in the way before.
 */
export async function why(stack: Stack, memory: Memory, question: Question): Promise<Found[]> {
  const { topic, clientId } = question
  const session = await sessionOf(stack, clientId)
  const filters = session === undefined ? [] : await stack.call('lookupSubscriptions', { clientId })
  const wanted = matching(filters, topic)[0]?.topic ?? refusedFilter(stack.clock.now(), memory, question)
  return [
    ...presence(session, clientId),
    ...subscription(filters, topic, clientId, session !== undefined),
    ...(await rulesOf(stack, question, session, wanted)),
    ...obstacles(session, stack),
    ...(await health(stack)),
    ...pastOf(stack.clock, memory, question),
  ]
}

async function sessionOf(stack: Stack, clientId: string): Promise<SessionSummary | undefined> {
  if (!stack.answers('lookupSessions')) return undefined
  return (await stack.call('lookupSessions', { clientId, limit: 1 }))[0]
}

function presence(session: SessionSummary | undefined, clientId: string): Found[] {
  if (session === undefined)
    return [
      {
        cause: 'no-session',
        text: `there is no session of ${clientId}: it is not connected, and nothing waits for it`,
      },
    ]
  if (session.connected) return []
  const waiting = session.messages > 0 ? `, and ${session.messages} messages wait for it` : ''
  return [{ cause: 'not-connected', text: `${clientId} is not connected; its session is kept${waiting}` }]
}

/** Of a shared subscription the part that is matched. */
function plainFilter(filter: string): string {
  return shareOf(filter)?.filter ?? filter
}

function matching(filters: readonly SubscriptionRecord[], topic: string): SubscriptionRecord[] {
  return filters.filter((one) => matchesFilter(plainFilter(one.topic), topic))
}

function subscription(
  filters: readonly SubscriptionRecord[],
  topic: string,
  clientId: string,
  isThere: boolean,
): Found[] {
  if (!isThere) return []
  const found = matching(filters, topic)
  if (found.length > 0) {
    const shared = found.every((one) => shareOf(one.topic) !== undefined)
    if (!shared) return []
    const names = found.map((one) => one.topic).join(', ')
    return [
      {
        cause: 'shared',
        text: `${names} is shared: each message goes to one member of the group, not to all`,
      },
    ]
  }
  if (filters.length === 0)
    return [{ cause: 'no-subscription', text: `${clientId} is subscribed to nothing` }]
  const nearest = nearestMiss(
    filters.map((one) => plainFilter(one.topic)),
    topic,
  )
  const closest = nearest === undefined ? '' : `; "${nearest.filter}" comes closest, but ${nearest.words}`
  return [
    {
      cause: 'wrong-filter',
      text: `none of the ${filters.length} filters of ${clientId} matches ${topic}${closest}`,
    },
  ]
}

function obstacles(session: SessionSummary | undefined, { ledger, config }: Stack): Found[] {
  const client = session?.client
  if (session === undefined || client === undefined) return []
  const { pending } = client
  const slow = client.full || ledger.allowance(config.highWater) < pending
  const found: Found[] = []
  if (client.congested || slow) {
    const what = client.full ? 'QoS 0 is dropped' : 'it is sent no more until it has read'
    found.push({
      cause: 'slow-subscriber',
      text: `${client.id} reads slowly: ${pending} bytes that it was sent are not taken, and ${what}`,
    })
  }
  if (session.messages > 0) {
    found.push({
      cause: 'waiting',
      text: `${session.messages} messages of QoS 1 and 2 wait in the log of ${client.id}, or are not acknowledged by it`,
    })
  }
  return found
}

/** What those say who know that they cannot do their work now. */
async function health(stack: Stack): Promise<Found[]> {
  const parts = await stack.call('lookupHealth', {})
  return parts
    .filter(({ healthy }) => !healthy)
    .map(({ name, reason = 'it is not well' }) => ({
      cause: `${name}-failed`,
      text: `the ${name} cannot do its work now: ${reason}`,
    }))
}
