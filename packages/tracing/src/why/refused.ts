/** Who said no lately to what a message needs to come: in words. */
import { matchesFilter, shareOf } from '@mqtt-stack/core'
import type { Found } from './found.ts'
import type { Happened, History } from './history.ts'
import type { Question } from './question.ts'
import type { Refusal } from './refusals.ts'

type Kept = Extract<Happened, { kind: 'no' }>

const CAUSES: Readonly<Record<Refusal['how'], string>> = {
  no: 'vetoed',
  failed: 'handler-failed',
  stalled: 'handler-stalled',
}

/** One finding for each middleware, callback and way to say no; the newest first. */
export function refused(now: number, history: History, question: Question): Found[] {
  const found = new Map<string, { newest: Kept; count: number }>()
  for (const one of history.since(now, 'no')) {
    if (!isAbout(one, question)) continue
    const key = JSON.stringify([one.middleware, one.callback, one.how])
    const known = found.get(key)
    if (known === undefined) found.set(key, { newest: one, count: one.count })
    else known.count += one.count
  }
  return [...found.values()].map(({ newest, count }) => ({
    cause: CAUSES[newest.how],
    by: newest.middleware,
    text: sentence(newest, count),
    at: newest.at,
  }))
}

function isAbout({ side, clientId, topic }: Kept, question: Question): boolean {
  if (side === 'publish')
    return (
      (topic ?? question.topic) === question.topic &&
      (question.publisherId === undefined || question.publisherId === clientId)
    )
  if (clientId !== question.clientId || topic === undefined) return clientId === question.clientId
  return side === 'deliver'
    ? topic === question.topic
    : matchesFilter(shareOf(topic)?.filter ?? topic, question.topic)
}

function sentence(refusal: Kept, count: number): string {
  const { middleware, callback, how, reason } = refusal
  const did = { no: 'answered no to', failed: 'failed in', stalled: 'did not answer' }[how]
  const times = count === 1 ? '' : `, ${count} times lately`
  const why = reason === undefined ? '' : `: ${reason}`
  return `${middleware} ${did} ${callback} ${aboutOf(refusal)}${times}${why}`
}

function aboutOf({ side, clientId, topic }: Kept): string {
  const who = clientId === '' ? 'the broker' : clientId
  if (side === 'connect') return `for ${who}`
  if (side === 'subscribe') return topic === undefined ? `for ${who}` : `for the filter ${topic} of ${who}`
  const which = topic === undefined ? 'a message' : `a message on ${topic}`
  return `for ${which} ${side === 'deliver' ? 'to' : 'of'} ${who}`
}
