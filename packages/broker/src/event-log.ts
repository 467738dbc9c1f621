/** The lines of the log that tell an operator why a client is not served as it wants. */
import type { Client, Context, Fields, Listener, MiddlewareLike, Stack, Timer } from '@mqtt-stack/core'
import { isLost, LineLimit, ReasonCode, withoutToken } from '@mqtt-stack/core'
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

/**
 * Logs at `info`, one line each: a client that was refused, a connection that the broker ended or that broke, a filter
 * that was refused, and once a second for each client the messages that were dropped. Each has the fields `clientId`,
 * `remote`, `proxy`, `transport`, `listener` (its name), `origin`, `version`, `username`, `reasonCode` and `cause` as far
 * as they are known; none holds a password or a payload. A connection that the client itself ended, or that was lost, is no matter for the log.
 *
 * A broker has it built in; `stack.use(new EventLog())` gives it to a stack of your own.
 */
export class EventLog implements MiddlewareLike {
  readonly name = 'EventLog'
  stack!: Stack
  readonly #drops = new DropCounts()
  #dropTimer: Timer | undefined
  #refusals!: LineLimit
  #ends!: LineLimit
  #filters!: LineLimit
  #losses!: LineLimit

  start(): void {
    const { log, clock } = this.stack
    this.#refusals = new LineLimit(log, clock, 'clients were refused')
    this.#ends = new LineLimit(log, clock, 'connections were closed')
    this.#filters = new LineLimit(log, clock, 'filters were refused')
    this.#losses = new LineLimit(log, clock, 'clients lost messages')
  }

  stop(): void {
    this.#tellDrops()
    for (const lines of [this.#refusals, this.#ends, this.#filters, this.#losses]) lines.flush()
  }

  clientRefused({ client, listener, reasonCode, reason, cause }: Context<'clientRefused'>): void {
    if (USUAL.has(reasonCode)) return
    const hidden = UNSAID.has(reason) ? cause?.message : undefined
    const why = hidden ?? (reason || (cause?.message ?? nameOf(reasonCode)))
    this.#refusals.write('client refused', () => ({ ...fieldsOf(client, listener), reasonCode, cause: why }))
  }

  clientDisconnected({ client, clean, reasonCode, cause }: Context<'clientDisconnected'>): void {
    const ended = client.reasonCode !== undefined || client.reason !== undefined
    const broke = cause !== undefined && !isLost(cause)
    if (clean || USUAL.has(reasonCode) || !(ended || broke)) return
    const why = client.reason ?? cause?.message ?? nameOf(reasonCode)
    this.#ends.write('connection closed', () => ({
      ...fieldsOf(client, client.listener),
      reasonCode,
      cause: why,
    }))
  }

  subscriptionRefused({ client, topic, reasonCode, reason }: Context<'subscriptionRefused'>): void {
    this.#filters.write('subscription refused', () => ({
      ...fieldsOf(client, client.listener),
      topic,
      reasonCode,
      cause: reason ?? nameOf(reasonCode),
    }))
  }

  messageDropped(ctx: Context<'messageDropped'>): void {
    this.#drops.add(ctx)
    this.#dropTimer ??= this.stack.clock.after(DROPS_EVERY, this.#tellDrops)
  }

  readonly #tellDrops = (): void => {
    this.#dropTimer?.cancel()
    this.#dropTimer = undefined
    for (const drops of this.#drops.take()) this.#losses.write('messages dropped', () => lossOf(drops))
  }
}

function lossOf({ clientId, client, count, reasons }: Drops): Fields {
  const cause = [...reasons].map(([reason, times]) => (reasons.size > 1 ? `${reason}: ${times}` : reason))
  return { ...fieldsOf(client, client?.listener), clientId, count, cause: cause.join(', ') }
}

/** What is known of a connection. */
function fieldsOf(client: Client | undefined, listener: Listener | undefined): Fields {
  return {
    // Before its CONNECT it has none.
    clientId: client?.id || undefined,
    remote: listener?.remote,
    transport: listener?.transport,
    listener: listener?.name,
    proxy: listener?.proxy,
    origin: listener?.origin,
    version: client?.protocolVersion,
    username: withoutToken(client?.username),
  }
}

function nameOf(reasonCode: ReasonCode): string {
  return NAMES.get(reasonCode) ?? `reason code ${reasonCode}`
}
