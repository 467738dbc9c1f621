/** What access rules say now, without anything happening. */
import type {
  AuthorizeContext,
  AuthorizeStore,
  Client,
  Context,
  SessionSummary,
  Stack,
  TraceStep,
} from '@mqtt-stack/core'
import { Publish, probeOf, shareOf } from '@mqtt-stack/core'
import type { Found } from './found.ts'

const REFUSED = 0x80

/** Whether the receiver may have the filter, and the publisher may publish there. */
export async function rulesOf(
  stack: Stack,
  { topic, clientId, publisherId }: Context<'explainDelivery'>,
  session: SessionSummary | undefined,
  /** The filter that matches; where none does, one that it asked for and was refused. */
  wanted: string | undefined,
): Promise<Found[]> {
  const isAsked = stack.middlewares.some(
    ({ requires, uses }) => requires?.includes('authorizePacket') || uses?.includes('authorizePacket'),
  )
  if (!isAsked) return []
  const filter = wanted ?? topic
  // What somebody without a name may do can depend on how it was let in: away it is not known.
  const isKnown = session?.client !== undefined || session?.identity !== undefined
  const found =
    session === undefined || !isKnown
      ? []
      : await denied(
          stack,
          subscribing(clientOf(stack, session), filter),
          `${clientId} may not read ${filter}`,
        )
  if (publisherId === undefined) return found
  const [known] = await stack.call('lookupSessions', { clientId: publisherId, limit: 1 })
  if (known === undefined) return found
  const publisher = clientOf(stack, known)
  const packet = Publish.from({ topic })
  const about = `${publisherId} may not publish to ${topic}`
  return [...found, ...(await denied(stack, { client: publisher, packet, action: 'publish' }, about))]
}

/** Its connection, or a client that is as it would be. */
function clientOf(stack: Stack, { client, clientId, identity }: SessionSummary): Client {
  return client ?? probeOf(stack, { clientId, identity })
}

function subscribing(client: Client, filter: string): AuthorizeContext {
  const share = shareOf(filter)
  const subscription = { topic: share?.filter ?? filter, qos: 0 as const, share }
  return {
    client,
    action: 'subscribe',
    packet: { cmd: 'subscribe', packetId: 1, subscriptions: [subscription] },
  }
}

async function denied(stack: Stack, ctx: AuthorizeContext, about: string): Promise<Found[]> {
  const given: AuthorizeStore = ctx.action === 'subscribe' ? { grants: [0] } : {}
  const { store, steps } = await stack.trace('authorizePacket', { ...ctx, dry: true }, given)
  if (store.valid === true && (store.grants?.[0] ?? 0) < REFUSED) return []
  const decider = steps.find(isRefusal)
  if (decider === undefined) return [{ cause: 'rule-denies', text: `${about}: nobody says yes` }]
  return [{ cause: 'rule-denies', by: decider.middleware, text: `${about}: ${reasonOf(decider)}` }]
}

function isRefusal({ said, error }: TraceStep<'authorizePacket'>): boolean {
  return error !== undefined || said.valid === false || (said.grants?.[0] ?? 0) >= REFUSED
}

function reasonOf({ middleware, said, error }: TraceStep<'authorizePacket'>): string {
  const why = said.reason ?? error?.message ?? 'says no'
  return why.toLowerCase().startsWith(`${middleware.toLowerCase()}: `) ? why : `${middleware}: ${why}`
}
