/** Asks a stack what somebody may do, without anything happening. */
import { Buffer } from 'node:buffer'
import type {
  AuthorizeContext,
  AuthorizeStore,
  CallbackName,
  Client,
  ConnectPacket,
  Listener,
  ProbeInit,
  QoS,
  Stack,
} from '@mqtt-stack/core'
import { isLoopback, Publish, probeOf, shareOf } from '@mqtt-stack/core'
import type { ExplainedStep, Explanation } from './explanation.ts'
import { explainStep, outcomeOf } from './explanation.ts'
import type { Act, Question } from './question.ts'
import { actOf } from './question.ts'

/** What is known of a listener by its name. */
export type NamedListener = Pick<Listener, 'transport' | 'name' | 'providers'>

/** @throws StackError for a question that is none. */
export async function explain(
  stack: Stack,
  listeners: readonly NamedListener[],
  question: Question,
): Promise<Explanation> {
  const act = actOf(question)
  const init = await whoOf(stack, listeners, question)
  const probe = probeOf(stack, init)
  const who = wordsOf(init)
  if (act === 'connect') {
    const { connect, user } = question
    const password = connect === true ? undefined : connect?.password
    return { ...(await askWhoItIs(stack, probe, user, password)), who, granted: undefined }
  }
  // Whom nobody knows may do what it does because of how it was let in.
  if (init.identity === undefined) await askWhoItIs(stack, probe, undefined, undefined)
  return { ...(await askRules(stack, probe, act, question)), who }
}

type Answered = Pick<Explanation, 'allowed' | 'reason' | 'steps'>

const NOBODY_ASKS: Pick<Explanation, 'allowed' | 'steps'> = { allowed: true, steps: [] }

function isAsked(stack: Stack, name: CallbackName): boolean {
  return stack.middlewares.some(({ requires, uses }) => requires?.includes(name) || uses?.includes(name))
}

async function askWhoItIs(
  stack: Stack,
  client: Client,
  username: string | undefined,
  password: string | undefined,
): Promise<Answered> {
  if (!isAsked(stack, 'authenticateConnection'))
    return { ...NOBODY_ASKS, reason: 'nobody asks who clients are' }
  const secret = password === undefined ? undefined : Buffer.from(password)
  const packet = { ...connectOf(client), username, password: secret }
  const ctx = { client, packet, username, password: secret, dry: true }
  const { store, steps } = await stack.trace('authenticateConnection', ctx)
  const explained = steps.map(explainStep)
  return { ...outcomeOf(explained, store.valid === true), steps: explained }
}

async function askRules(
  stack: Stack,
  client: Client,
  act: Exclude<Act, 'connect'>,
  question: Question,
): Promise<Answered & Pick<Explanation, 'granted'>> {
  const guarded = guardOf(stack, question)
  if (!isAsked(stack, 'authorizePacket')) {
    const reason =
      guarded === undefined ? 'nobody asks what clients may do' : outcomeOf([guarded], false).reason
    return { ...NOBODY_ASKS, allowed: guarded === undefined, reason, granted: question.qos ?? 0 }
  }
  const { qos = 0 } = question
  const store: AuthorizeStore = act === 'subscribe' ? { grants: [qos] } : {}
  const ctx = { ...contextOf(client, act, question), dry: true }
  const { steps } = await stack.trace('authorizePacket', ctx, store)
  const explained = [...(guarded === undefined ? [] : [guarded]), ...steps.map(explainStep)]
  const [grant = 0x80] = store.grants ?? []
  const isGranted = act !== 'subscribe' || grant < 0x80
  const outcome = outcomeOf(explained, store.valid === true && isGranted)
  const granted = act === 'subscribe' && outcome.allowed ? (grant as QoS) : undefined
  return { ...outcome, steps: explained, granted }
}

/** Control topics are the broker's to publish to, whatever others say. */
function guardOf(stack: Stack, { publish, will }: Question): ExplainedStep | undefined {
  const topic = publish ?? will
  if (topic === undefined || !stack.isControlTopic(topic)) return undefined
  const roots = stack.config.controlTopics.join(', ')
  return {
    middleware: 'Stack',
    answer: 'no',
    reason: `only the broker publishes there (controlTopics: ${roots})`,
  }
}

function contextOf(client: Client, act: Exclude<Act, 'connect'>, question: Question): AuthorizeContext {
  const { publish, will, subscribe = '', qos = 0, retain = false } = question
  if (act === 'subscribe') {
    const share = shareOf(subscribe)
    const asked = { topic: share?.filter ?? subscribe, qos, share }
    return { client, packet: { cmd: 'subscribe', packetId: 1, subscriptions: [asked] }, action: act }
  }
  const payload = Buffer.alloc(0)
  if (act === 'publish')
    return { client, packet: Publish.from({ topic: publish ?? '', payload, qos, retain }), action: act }
  const packet = { ...connectOf(client), will: { topic: will ?? '', payload, qos, retain } }
  return { client, packet, action: act }
}

function connectOf({ id }: Client): ConnectPacket {
  return { cmd: 'connect', clientId: id, protocolVersion: 5, clean: true, keepalive: 0 }
}

/** Who it is as if: of a client that is known, what is known of it. */
async function whoOf(
  stack: Stack,
  listeners: readonly NamedListener[],
  { client: clientId = '', user, groups, address, listener }: Question,
): Promise<ProbeInit> {
  const found = clientId !== '' && user === undefined ? await sessionOf(stack, clientId) : undefined
  const here = found?.client
  const named = listeners.find(({ name }) => name === listener && name !== undefined)
  const own: Listener = {
    transport: 'memory',
    ...named,
    name: listener,
    local: address === undefined || isLoopback(address),
    remote: address,
  }
  const asItIs = here !== undefined && listener === undefined && address === undefined
  return {
    clientId,
    identity: user ?? found?.identity,
    groups: groups ?? here?.session.groups ?? [],
    listener: asItIs ? here.listener : own,
  }
}

async function sessionOf(stack: Stack, clientId: string) {
  if (!stack.answers('lookupSessions')) return undefined
  const [found] = await stack.call('lookupSessions', { clientId, limit: 1 })
  return found
}

function wordsOf({ clientId, identity, groups = [], listener }: ProbeInit): string {
  const words = [identity === undefined ? 'nobody known' : `user ${identity}`]
  if (clientId) words.push(`client ${clientId}`)
  if (groups.length > 0) words.push(`groups ${groups.join(' ')}`)
  if (listener?.name !== undefined) words.push(`listener ${listener.name}`)
  if (listener?.remote !== undefined) words.push(`from ${listener.remote}`)
  return words.join(', ')
}
