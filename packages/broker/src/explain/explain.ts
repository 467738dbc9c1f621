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
import type { NamedListener } from './listener-asked.ts'
import { listenersAsked, nameOfListener, whyNameless } from './listener-asked.ts'
import type { Act, Question } from './question.ts'
import { actOf } from './question.ts'

/**
 * One answer for each listener that the client may come by.
 * @throws StackError for a question that is none, or a listener that is not there.
 */
export async function explain(
  stack: Stack,
  listeners: readonly NamedListener[],
  question: Question,
): Promise<[Explanation, ...Explanation[]]> {
  const act = actOf(question)
  const asked = listenersAsked(listeners, question.listener)
  const { client: clientId = '', user } = question
  const found = clientId !== '' && user === undefined ? await sessionOf(stack, clientId) : undefined
  const here = found?.client
  if (here !== undefined && question.listener === undefined && question.address === undefined)
    return [await answer(stack, act, question, whoOf(stack, question, found, here.listener))]
  const several = asked.length > 1 || question.listener !== undefined
  const [first, ...others] = asked.length === 0 ? [undefined] : asked
  const ask = async (listener: NamedListener | undefined): Promise<Explanation> => {
    const name = several && listener !== undefined ? nameOfListener(listener) : listener?.name
    const who = whoOf(stack, question, found, placeOf(question, listener), name)
    return answer(stack, act, question, who)
  }
  const answers: [Explanation, ...Explanation[]] = [await ask(first)]
  for (const one of others) answers.push(await ask(one))
  return answers
}

/** Who it is as if, and how it is called. */
interface Who extends ProbeInit {
  readonly listener: Listener
  readonly words: string
}

async function answer(stack: Stack, act: Act, question: Question, who: Who): Promise<Explanation> {
  const probe = probeOf(stack, who)
  const nameless = question.user === undefined ? undefined : namelessAt(stack, who.listener)
  if (act === 'connect') {
    const { connect, user } = question
    const password = connect === true ? undefined : connect?.password
    const limited = limitedBy(stack, probe, user)
    const answered = refusedBy(limited, await askWhoItIs(stack, probe, user, password))
    const reason =
      nameless === undefined || answered.allowed ? answered.reason : outcomeOf([nameless], false).reason
    return { ...answered, reason, who: who.words, granted: undefined }
  }
  // Whom nobody knows may do what it does because of how it was let in.
  if (who.identity === undefined) await askWhoItIs(stack, probe, undefined, undefined)
  return { ...(await askRules(stack, probe, act, question, nameless)), who: who.words }
}

/** Whoever is asked about has a name, and nobody has one there. */
function namelessAt(stack: Stack, listener: Listener): ExplainedStep | undefined {
  const why = isAsked(stack, 'authenticateConnection') ? whyNameless(stack, listener) : undefined
  return why === undefined ? undefined : { middleware: 'Listener', answer: 'no', reason: why }
}

/** Who would refuse the connection before anybody is asked who it is. */
function limitedBy(
  { middlewares }: Stack,
  probe: Client,
  user: string | undefined,
): ExplainedStep | undefined {
  for (const one of middlewares) {
    const reason = one.wouldRefuse?.(probe, user)
    if (reason !== undefined) return { middleware: one.name, answer: 'no', reason }
  }
  return undefined
}

function refusedBy(limited: ExplainedStep | undefined, answered: Answered): Answered {
  if (limited === undefined) return answered
  return { ...answered, ...outcomeOf([limited], false), steps: [limited, ...answered.steps] }
}

type Answered = Pick<Explanation, 'allowed' | 'depends' | 'reason' | 'steps'>

const NOBODY_ASKS: Pick<Explanation, 'allowed' | 'depends' | 'steps'> = {
  allowed: true,
  depends: false,
  steps: [],
}

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
  const ctx = { client, packet, username, password: secret, dry: true, claim: () => {} }
  const { store, steps } = await stack.trace('authenticateConnection', ctx)
  const explained = steps.map(explainStep)
  return { ...outcomeOf(explained, store.valid === true), steps: explained }
}

async function askRules(
  stack: Stack,
  client: Client,
  act: Exclude<Act, 'connect'>,
  question: Question,
  nameless: ExplainedStep | undefined,
): Promise<Answered & Pick<Explanation, 'granted'>> {
  const guarded = guardOf(stack, question) ?? nameless
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

type Found = Awaited<ReturnType<typeof sessionOf>>

/** Of a client that is known, what is known of it. */
function whoOf(
  stack: Stack,
  { client: clientId = '', user, groups }: Question,
  found: Found,
  listener: Listener,
  name?: string,
): Who {
  const identity = user ?? found?.identity
  const known = groups ?? found?.client?.session.groups ?? groupsOf(stack, identity, listener)
  const isList = typeof known !== 'string'
  const said = { clientId, identity, groups: isList ? known : [], listener }
  const words = wordsOf(said, name ?? listener.name)
  return { ...said, words: isList ? words : `${words}, groups come from ${known}` }
}

/** As those say who would be asked who it is. */
function groupsOf(
  stack: Stack,
  identity: string | undefined,
  { providers }: Listener,
): readonly string[] | string {
  if (identity === undefined) return []
  let elsewhere: string | undefined
  for (const one of stack.middlewares) {
    if (providers !== undefined && !providers.includes(one.name)) continue
    const known = one.groupsOf?.(identity)
    if (typeof known === 'string') elsewhere ??= known
    else if (known !== undefined) return known
  }
  return elsewhere ?? []
}

function placeOf({ address }: Question, listener: NamedListener | undefined): Listener {
  return {
    transport: listener?.transport ?? 'memory',
    name: listener?.name,
    providers: listener?.providers,
    limits: listener?.limits,
    local: address === undefined || isLoopback(address),
    remote: address,
  }
}

async function sessionOf(stack: Stack, clientId: string) {
  if (!stack.answers('lookupSessions')) return undefined
  const [found] = await stack.call('lookupSessions', { clientId, limit: 1 })
  return found
}

function wordsOf({ clientId, identity, groups = [], listener }: ProbeInit, name: string | undefined): string {
  const words = [identity === undefined ? 'nobody known' : `user ${identity}`]
  if (clientId) words.push(`client ${clientId}`)
  if (groups.length > 0) words.push(`groups ${groups.join(' ')}`)
  if (name !== undefined) words.push(`listener ${name}`)
  if (listener?.remote !== undefined) words.push(`from ${listener.remote}`)
  return words.join(', ')
}
