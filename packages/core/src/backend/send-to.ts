import type { Client, Stack } from '../contract/index.ts'
import { BROKER, nextMessageId, ownMessage } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { PublishInit } from '../packets/index.ts'
import { Deliverer } from './deliver.ts'

/** What became of a message to one client. */
export interface Sent {
  /** `sent`: written; `queued`: it waits for the client; `dropped`: told by messageDropped; `unknown`: there is no such session here. */
  readonly outcome: 'sent' | 'queued' | 'dropped' | 'unknown'
}

/**
 * Sends a message to one client, whatever it is subscribed to: live, or into the log of its session, where it is away and
 * the message has QoS 1 or 2. Handlers of sendMessage may withhold it.
 * @throws StackError `TOPIC_INVALID`, `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`; those of the backend.
 */
export async function sendTo(stack: Stack, clientId: string, message: PublishInit): Promise<Sent> {
  if (typeof clientId !== 'string' || clientId === '')
    throw new StackError(
      'OPTION_INVALID',
      `sendTo: the client identifier must be text, not ${JSON.stringify(clientId)}`,
    )
  const { packet } = ownMessage(stack, message, 'sendTo')
  const [found] = await stack.call('lookupSessions', { clientId, limit: 1 })
  if (found === undefined) return { outcome: 'unknown' }
  const { epoch, client } = found
  const stored = client === undefined || client.session.stored
  // It may come or go while its log is written.
  const receiver = {
    clientId,
    epoch,
    stored,
    get client(): Client | undefined {
      return client?.closed === false ? client : undefined
    },
  }
  const terms = { qos: packet.qos, retain: false, identifiers: undefined, expiresAt: 0, share: undefined }
  const counts = { queued: 0, dropped: 0 }
  if (receiver.client === undefined && packet.qos === 0) {
    stack.tell('messageDropped', { clientId, client: undefined, packet, reason: 'not-connected', count: 1 })
    return { outcome: 'dropped' }
  }
  const source = { messageId: nextMessageId(), publisher: BROKER }
  await new Deliverer(stack).deliver(receiver, packet, terms, source, counts)
  if (counts.dropped > 0) return { outcome: 'dropped' }
  return { outcome: counts.queued > 0 ? 'queued' : 'sent' }
}
