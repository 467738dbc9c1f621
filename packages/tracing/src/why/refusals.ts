/** Which middleware said no to a message on its way, whoever it is: it need do nothing for that. */
import type { EndedRun, MiddlewareLike } from '@mqtt-stack/core'

/** Whom a refusal keeps from what. */
export type Side = 'connect' | 'subscribe' | 'publish' | 'deliver'

/** One answer that ended a message’s way, or the way to it. */
export interface Refusal {
  readonly side: Side
  /** Who connects, subscribes or publishes; of `deliver` the receiver. */
  readonly clientId: string
  /** Topic name; of `subscribe` the filter. Absent of `connect`, and where it is not known. */
  readonly topic: string | undefined
  readonly callback: string
  readonly middleware: string
  readonly how: 'no' | 'failed' | 'stalled'
  /** In words, as far as the middleware gave some. */
  readonly reason: string | undefined
}

/**
 * The callbacks that a message’s way goes through, and those of its publisher’s and its receiver’s. Who executes one of
 * the callbacks that stand here carries out what others say, or takes the thing: its own end of the chain is no refusal.
 */
const CARRIED_OUT_BY: Readonly<
  Record<string, { readonly side: Side; readonly executes: readonly string[] }>
> = {
  'handle connect': { side: 'connect', executes: ['authenticateConnection', 'openSession'] },
  authenticateConnection: { side: 'connect', executes: [] },
  authenticateExchange: { side: 'connect', executes: [] },
  'handle subscribe': { side: 'subscribe', executes: ['subscribeTopic'] },
  subscribeTopic: { side: 'subscribe', executes: ['authorizePacket'] },
  'handle publish': { side: 'publish', executes: ['relayMessage'] },
  authorizePacket: { side: 'publish', executes: [] },
  relayMessage: { side: 'publish', executes: ['authorizePacket', 'forwardMessage'] },
  forwardMessage: { side: 'deliver', executes: ['sendMessage'] },
  sendMessage: { side: 'deliver', executes: [] },
}

/** Filters of one SUBSCRIBE that are remembered. */
const FILTERS = 16
const REASON = 256

/** What contexts, stores and packets of those callbacks may have. */
interface About {
  readonly client?: { readonly id: string } | undefined
  readonly publisher?: { readonly clientId: string }
  readonly packet?: About
  readonly original?: { readonly topic: string }
  readonly action?: string
  readonly dry?: boolean
  readonly id?: string
  readonly clientId?: string
  readonly topic?: string
  readonly will?: { readonly topic: string }
  readonly subscriptions?: readonly { readonly topic: string }[]
  readonly valid?: boolean
  readonly state?: string
  readonly outcome?: string
  readonly reason?: string
  readonly detail?: string
}

/** Whether the ends of this handler are worth hearing of. */
export function mayRefuse(callback: string, { requires = [], uses = [] }: MiddlewareLike): boolean {
  if (!Object.hasOwn(CARRIED_OUT_BY, callback)) return false
  const executed: readonly string[] = [...requires, ...uses]
  return !CARRIED_OUT_BY[callback].executes.some((name) => executed.includes(name))
}

/** What a handler refused; nothing where it ended its chain with a yes, or was only asked what it would say. */
export function refusalsOf({ callback, middleware, ctx, store, error }: EndedRun): Refusal[] {
  const asked = ctx as About
  const answer = store as About
  if (asked.dry === true || (error === undefined && isYes(callback, answer))) return []
  const how = error === undefined ? 'no' : 'failed'
  const reason = (error?.message ?? reasonOf(callback, answer))?.slice(0, REASON)
  return subjectsOf(callback, asked, answer).map((subject) => ({
    ...subject,
    callback,
    middleware,
    how,
    reason,
  }))
}

/** A handler that never answered: what it was asked about is not known any more. */
export function stalledOf(callback: string, middleware: string, clientId: string): Refusal | undefined {
  if (!Object.hasOwn(CARRIED_OUT_BY, callback)) return undefined
  const { side } = CARRIED_OUT_BY[callback]
  return { side, clientId, topic: undefined, callback, middleware, how: 'stalled', reason: undefined }
}

function isYes(callback: string, { valid, state, outcome }: About): boolean {
  if (callback === 'authenticateConnection' || callback === 'authorizePacket') return valid === true
  if (callback === 'authenticateExchange') return state === 'continue' || state === 'success'
  return callback === 'forwardMessage' && outcome !== undefined
}

/** Packets give no reason; of a message that is withheld `withheld` says nothing. */
function reasonOf(callback: string, { reason, detail }: About): string | undefined {
  if (callback.startsWith('handle ')) return undefined
  const words = reason ?? detail
  return typeof words === 'string' && words !== 'withheld' ? words : undefined
}

function subjectsOf(
  callback: string,
  asked: About,
  answer: About,
): Pick<Refusal, 'side' | 'clientId' | 'topic'>[] {
  const isPacket = callback.startsWith('handle ')
  const packet = isPacket ? answer : asked.packet
  const client = isPacket ? asked : asked.client
  const { side } = CARRIED_OUT_BY[callback]
  const clientId =
    (asked.publisher !== undefined && side === 'publish' ? asked.publisher.clientId : client?.id) ?? ''
  if (side === 'connect') return [{ side, clientId: clientId || (packet?.clientId ?? ''), topic: undefined }]
  if (callback === 'subscribeTopic') return [{ side, clientId, topic: asked.topic }]
  if (callback === 'handle subscribe' || asked.action === 'subscribe')
    return (packet?.subscriptions ?? [])
      .slice(0, FILTERS)
      .map(({ topic }) => ({ side: 'subscribe', clientId, topic }))
  const topic = asked.original?.topic ?? packet?.will?.topic ?? packet?.topic
  return [{ side, clientId, topic }]
}
