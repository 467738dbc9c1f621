/** What happened lately that kept messages on a topic from a client. */
import type { Clock, DropReason } from '@mqtt-stack/core'
import { matchesFilter, ReasonCode, shareOf } from '@mqtt-stack/core'
import type { Found } from './found.ts'
import type { Memory } from './memory.ts'
import type { Question } from './question.ts'
import { refused } from './refused.ts'
import { DROPPED } from './words.ts'

/** So many take-overs within so many milliseconds are a loop: two clients of one identifier that both come back. */
const LOOP = { times: 3, milliseconds: 60_000 }

/** Drops that the publisher, and no receiver, is told about. */
const OF_PUBLISHER: ReadonlySet<DropReason> = new Set([
  'retained-full',
  'control-topic',
  'not-authorized',
  'refused',
])

export function pastOf(clock: Clock, memory: Memory, question: Question): Found[] {
  const now = clock.now()
  return [
    ...takeOvers(now, memory, question),
    ...closed(now, memory, question),
    ...ends(now, memory, question),
    ...refused(now, memory.history, question),
    ...drops(now, memory, question),
    ...filters(now, memory, question),
    ...wills(now, memory, question),
    ...retained(now, memory, question),
  ].map(({ at, ...found }) => (at === undefined ? found : { ...found, at: clock.wall() + at - now }))
}

const SESSION_ENDS: Readonly<Record<string, string>> = {
  closed: 'with its connection, as its CONNECT wanted it',
  'clean-start': 'its client began anew',
  ended: 'an operator ended it',
}

/** How its last connection ended, unless the client itself said goodbye. */
function closed(now: number, { history }: Memory, { clientId }: Question): Found[] {
  const [last] = history.since(now, 'closed').filter((one) => one.clientId === clientId)
  if (last === undefined || last.reasonCode === ReasonCode.SESSION_TAKEN_OVER) return []
  const { at, reasonCode, reason } = last
  const isKicked = reasonCode === ReasonCode.ADMINISTRATIVE_ACTION
  const code = `reason code 0x${reasonCode.toString(16).padStart(2, '0').toUpperCase()}`
  if (isKicked)
    return [
      {
        cause: 'kicked',
        text: `an operator ended the connection of ${clientId}: ${reason ?? 'no reason was given'} (${code})`,
        at,
      },
    ]
  const why = reason === undefined ? '' : `: ${reason}`
  return [{ cause: 'connection-ended', text: `the connection of ${clientId} ended${why} (${code})`, at }]
}

function takeOvers(now: number, { history }: Memory, { clientId }: Question): Found[] {
  const all = history
    .since(now, 'closed')
    .filter((one) => one.clientId === clientId && one.reasonCode === ReasonCode.SESSION_TAKEN_OVER)
    .filter(({ at }) => now - at <= LOOP.milliseconds)
  if (all.length < LOOP.times) return []
  const text = `${all.length} connections of ${clientId} were taken over within a minute: several clients use this client identifier, and each ends the connection of another`
  return [{ cause: 'take-over-loop', text, at: all[0].at }]
}

function ends(now: number, { history }: Memory, { clientId }: Question): Found[] {
  const [over] = history.since(now, 'session-over').filter((one) => one.clientId === clientId)
  const [keptOut] = history.since(now, 'refused').filter((one) => one.clientId === clientId)
  const found: Found[] = []
  if (over?.reason === 'expired')
    found.push({
      cause: 'session-expired',
      text: `the session of ${clientId} expired, with its subscriptions and what waited for it (its session expiry interval)`,
      at: over.at,
    })
  else if (over !== undefined)
    found.push({
      cause: 'session-over',
      text: `a session of ${clientId} ended (${SESSION_ENDS[over.reason] ?? over.reason}), with its subscriptions and what waited for it`,
      at: over.at,
    })
  if (keptOut !== undefined)
    found.push({
      cause: 'client-refused',
      text: `${clientId} was not let in: ${keptOut.reason}`,
      at: keptOut.at,
    })
  return found
}

/** One finding for each reason; the newest first. */
function drops(now: number, { history }: Memory, { topic, clientId }: Question): Found[] {
  const found = new Map<DropReason, { count: number; at: number; of: string }>()
  for (const drop of history.since(now, 'dropped')) {
    const ofPublisher = OF_PUBLISHER.has(drop.reason)
    if (drop.topic !== topic || !(ofPublisher || drop.clientId === clientId)) continue
    const known = found.get(drop.reason)
    if (known !== undefined) known.count += drop.count
    else found.set(drop.reason, { count: drop.count, at: drop.at, of: drop.clientId })
  }
  return [...found].map(([reason, { count, at, of }]) => {
    const times = count === 1 ? 'a message' : `${count} messages, the last of them`
    const whose = of === clientId ? `for ${clientId}` : `of ${of}`
    return { cause: reason, text: `${times} on ${topic} ${whose} ${DROPPED[reason]}`, at }
  })
}

/** A filter that would match, and that the client asked for and was refused. */
export function refusedFilter(now: number, { history }: Memory, question: Question): string | undefined {
  return history.since(now, 'filter-refused').find(wouldMatch(question))?.topic
}

function wouldMatch({ topic, clientId }: Question): (one: { clientId: string; topic: string }) => boolean {
  return (one) => one.clientId === clientId && matchesFilter(shareOf(one.topic)?.filter ?? one.topic, topic)
}

function filters(now: number, { history }: Memory, question: Question): Found[] {
  const { clientId } = question
  const isAbout = wouldMatch(question)
  const [denied] = history.since(now, 'filter-refused').filter(isAbout)
  const [given] = history.since(now, 'unsubscribed').filter(isAbout)
  const found: Found[] = []
  if (denied !== undefined)
    found.push({
      cause: 'filter-refused',
      text: `${clientId} asked for ${denied.topic} and was refused: ${denied.reason}`,
      at: denied.at,
    })
  if (given !== undefined)
    found.push({
      cause: 'unsubscribed',
      text: `${clientId} was unsubscribed from ${given.topic}`,
      at: given.at,
    })
  return found
}

function wills(now: number, { wills: waiting }: Memory, { topic }: Question): Found[] {
  return [...waiting.entries()]
    .filter(([, will]) => will.topic === topic && will.dueAt > now)
    .map(([clientId, { dueAt }]) => {
      const seconds = Math.ceil((dueAt - now) / 1_000)
      const text = `the will of ${clientId} on ${topic} waits for another ${seconds} s, or for the end of its session (will delay interval)`
      return { cause: 'will-waits', text }
    })
}

function retained(now: number, memory: Memory, { topic }: Question): Found[] {
  const over = memory.retained.get(topic)
  if (over === undefined || over > now) return []
  const text = `the retained message of ${topic} is over (its message expiry interval): who subscribes now gets none`
  return [{ cause: 'retained-expired', text, at: over }]
}
