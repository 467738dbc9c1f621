/** The lines of the log that tell an operator who comes and goes, and why a client is not served as it wants. */
import type { Client, Context, Listener, MiddlewareLike, Publisher, Stack, Timer } from '@mqtt-stack/core'
import { isLost, ReasonCode } from '@mqtt-stack/core'
import type { Drops } from './drop-counts.ts'
import { DropCounts } from './drop-counts.ts'

/** Dropped messages are told this often, in milliseconds. */
const DROPS_EVERY = 1_000

/** Ends that nobody has to look into. */
const USUAL: ReadonlySet<ReasonCode> = new Set([ReasonCode.SUCCESS, ReasonCode.SERVER_SHUTTING_DOWN])

const NAMES: ReadonlyMap<ReasonCode, string> = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', ' ')]),
)

/** What clients are told who are not to know why; the cause that goes with it is for the log. */
const UNSAID: ReadonlySet<string> = new Set(['not authenticated', 'the will is not authorized'])

/** What is known of a connection. */
interface ClientFields {
  readonly clientId?: string
  readonly remote?: string
  readonly transport?: string
  readonly listener?: string
  readonly proxy?: string
  readonly origin?: string
  readonly version?: number
  readonly username?: string
}

/**
 * Logs at `info`, one line each: a client that was refused, a connection that the broker ended or that broke, one that
 * was taken over, a filter that was refused, and once a second for each client the messages that were dropped. At `debug`
 * also who comes and goes, subscribes and publishes. Each has what is known of the connection; none holds a password or a
 * payload. See `docs/log.md`.
 *
 * A broker has it built in; `stack.use(new EventLog())` gives it to a stack of your own.
 */
export class EventLog implements MiddlewareLike {
  readonly name = 'EventLog'
  stack!: Stack
  /** There while the log stands at `debug`: who else listens to no message pays nothing for it. */
  messagePublished: ((ctx: Context<'messagePublished'>) => void) | undefined = undefined
  topicUnsubscribed: ((ctx: Context<'topicUnsubscribed'>) => void) | undefined = undefined
  readonly #changed: () => void
  readonly #drops = new DropCounts()
  #dropTimer: Timer | undefined
  #ignore: (() => void) | undefined

  /** @param changed Internal: is called when handlers have come or gone; by default the stack looks again. */
  constructor(changed?: () => void) {
    this.#changed = changed ?? (() => this.stack.refresh())
  }

  start(): void {
    this.#ignore = this.stack.log.onLevel(() => this.#follow())
    this.#follow()
  }

  stop(): void {
    this.#ignore?.()
    this.#tellDrops()
  }

  clientConnected({ client }: Context<'clientConnected'>): void {
    // Where it comes from the system is asked for: only where the line is written.
    this.stack.log.event('client.connected', () => {
      const { transport, remote: from = 'this machine' } = client.listener
      return Object.assign(fieldsOf(client), { clientId: client.id, transport, from })
    })
  }

  clientRefused({ client, listener, reasonCode, reason, cause }: Context<'clientRefused'>): void {
    if (USUAL.has(reasonCode)) return
    this.stack.log.event('client.refused', () => {
      const hidden = UNSAID.has(reason) ? cause?.message : undefined
      const why = hidden ?? (reason || (cause?.message ?? nameOf(reasonCode)))
      return Object.assign(fieldsOf(client, listener), { reasonCode, cause: why })
    })
  }

  clientDisconnected({ client, clean, reasonCode, cause }: Context<'clientDisconnected'>): void {
    const { log } = this.stack
    const ended = client.reasonCode !== undefined || client.reason !== undefined
    const broke = cause !== undefined && !isLost(cause)
    const { id: clientId } = client
    const why = (): string => client.reason ?? cause?.message ?? nameOf(reasonCode)
    if (clean)
      log.event('client.disconnected', () => Object.assign(fieldsOf(client), { clientId, reasonCode }))
    else if (USUAL.has(reasonCode) || !(ended || broke))
      log.event('client.lost', () => Object.assign(fieldsOf(client), { clientId, reasonCode, cause: why() }))
    else {
      const isOther = reasonCode === ReasonCode.SESSION_TAKEN_OVER
      const name = isOther ? 'client.taken-over' : 'client.closed'
      log.event(name, () => Object.assign(fieldsOf(client), { reasonCode, cause: why() }))
    }
  }

  topicSubscribed({ client: { id: clientId }, topic, qos }: Context<'topicSubscribed'>): void {
    this.stack.log.event('client.subscribed', { clientId, topic, qos })
  }

  subscriptionRefused({ client, topic, reasonCode, reason }: Context<'subscriptionRefused'>): void {
    this.stack.log.event('subscription.refused', () =>
      Object.assign(fieldsOf(client), { topic, reasonCode, cause: reason ?? nameOf(reasonCode) }),
    )
  }

  messageDropped(ctx: Context<'messageDropped'>): void {
    this.#drops.add(ctx)
    this.#dropTimer ??= this.stack.clock.after(DROPS_EVERY, this.#tellDrops)
  }

  /** Takes part in what comes often while that is logged. */
  #follow(): void {
    const wanted = this.stack.log.writes('debug')
    if (wanted === (this.messagePublished !== undefined)) return
    this.messagePublished = wanted ? (ctx) => this.#published(ctx) : undefined
    this.topicUnsubscribed = wanted
      ? ({ clientId, topic }) => this.stack.log.event('client.unsubscribed', { clientId, topic })
      : undefined
    this.#changed()
  }

  #published({ client, publisher, packet, relayed }: Context<'messagePublished'>): void {
    const { topic, qos, retain, payloadLength: bytes } = packet
    // What the broker says of itself comes by the hundred, and whoever says it has a line for all of it.
    if (client === undefined && publisher.clientId === '' && this.stack.isControlTopic(topic)) return
    this.stack.log.event('message.published', () => ({
      publisher: client?.id ?? whose(publisher),
      clientId: client?.id,
      topic,
      qos,
      retain,
      bytes,
      receivers: relayed.matched,
    }))
  }

  readonly #tellDrops = (): void => {
    this.#dropTimer?.cancel()
    this.#dropTimer = undefined
    for (const drops of this.#drops.take()) this.#tellDrop(drops)
  }

  #tellDrop({ clientId, client, count, reasons }: Drops): void {
    this.stack.log.event('message.dropped', () => {
      const cause = [...reasons].map(([reason, times]) => (reasons.size > 1 ? `${reason}: ${times}` : reason))
      return Object.assign(fieldsOf(client), { clientId, count, cause: cause.join(', ') })
    })
  }
}

function fieldsOf(
  client: Client | undefined,
  listener: Listener | undefined = client?.listener,
): ClientFields {
  return {
    // Before its CONNECT it has none.
    clientId: client?.id || undefined,
    remote: listener?.remote,
    transport: listener?.transport,
    listener: listener?.name,
    proxy: listener?.proxy,
    origin: listener?.origin,
    version: client?.protocolVersion,
    username: client?.username,
  }
}

/** A message that came over no connection. */
function whose({ clientId }: Publisher): string {
  return clientId === '' ? 'the broker' : `the will of ${clientId}`
}

function nameOf(reasonCode: ReasonCode): string {
  return NAMES.get(reasonCode) ?? `reason code ${reasonCode}`
}
