import type { Context, Store } from '../../contract/index.ts'
import { nextMessageId } from '../../contract/index.ts'
import { ReasonCode } from '../../packets/index.ts'
import type { Parts } from '../parts.ts'

/**
 * Whoever is told of a subscription misses nothing: fulfils when other nodes send here what is published from then on, and all is here that was
 * retained until then. Where the store cannot say so the subscription is refused.
 */
export async function settleSubscription(
  { shared, sharedRetained, sessions, subscriptions, stack }: Parts,
  { client, topic, share, options, restored }: Context<'subscribeTopic'>,
  store: Store<'subscribeTopic'>,
  existed: boolean,
): Promise<void> {
  try {
    await shared?.routes.settled(topic)
    if (share === undefined && options.rh !== 2 && !restored) await sharedRetained?.current()
    store.since = nextMessageId()
  } catch (error) {
    store.grant = ReasonCode.UNSPECIFIED_ERROR
    const fields = { clientId: client.id, topic, cause: (error as Error).message }
    stack.log.event('subscription.failed', fields)
    if (!existed && !client.closed) subscriptions.remove(sessions.of(client), topic)
  }
}
