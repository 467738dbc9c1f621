import type { Context, EndedRun, Store } from '@mqtt-stack/core'
import { Middleware, StackError } from '@mqtt-stack/core'
import type { TracingOptions } from './options.ts'
import { TRACING_OPTIONS } from './options.ts'
import { Spans } from './spans/spans.ts'
import { Following } from './traffic/following.ts'
import { wantedOf } from './traffic/terms.ts'
import { Memory } from './why/memory.ts'
import { mayRefuse } from './why/refusals.ts'
import { why } from './why/why.ts'

/**
 * Follows clients, topics and addresses live, remembers what was dropped and refused so that `why` can be answered, and
 * makes spans of messages where that is asked for. Stands before retain-manager and backend, as rules do.
 */
export class Tracing extends Middleware<TracingOptions> {
  readonly uses = ['lookupSessions', 'lookupSubscriptions', 'lookupHealth'] as const
  #memory!: Memory
  #unwatch: (() => void) | undefined
  #spans: Spans | undefined
  readonly #following = new Set<Following>()

  constructor(options?: TracingOptions) {
    super(options, TRACING_OPTIONS)
  }

  async start(): Promise<void> {
    const { history, historySeconds, spans } = this.config
    this.#memory = new Memory(this.stack.clock, history, historySeconds * 1_000)
    const ended = (run: EndedRun): void => this.#memory.ended(run)
    if (history > 0) this.#unwatch = this.stack.observation.watchEnds({ wants: mayRefuse, ended })
    if (spans) this.#spans = await Spans.open(this.stack)
  }

  stop(): void {
    this.#unwatch?.()
    for (const following of [...this.#following]) following.end('stopped')
    this.#spans?.close()
  }

  followTraffic(ctx: Context<'followTraffic'>, store: Store<'followTraffic'>): void {
    const wanted = wantedOf(ctx.terms)
    checkFunction('see', ctx.see)
    if (ctx.over !== undefined) checkFunction('over', ctx.over)
    const { followers } = this.config
    if (this.#following.size >= followers)
      throw new StackError(
        'OPTION_INVALID',
        `follow: ${followers} follow already (option followers of Tracing)`,
      )
    const following = new Following(this.stack, wanted, ctx, (one) => this.#following.delete(one))
    this.#following.add(following)
    store.end = () => following.end()
  }

  async explainDelivery(ctx: Context<'explainDelivery'>, store: Store<'explainDelivery'>): Promise<void> {
    const found = await why(this.stack, this.#memory, ctx)
    store.push(...found.map((one) => ({ middleware: this.name, ...one })))
  }

  relayMessage(ctx: Context<'relayMessage'>): void {
    if (ctx.packet.retain || ctx.origin === 'will') this.#memory.relayed(ctx)
    this.#spans?.mark(ctx)
  }

  messageDropped(ctx: Context<'messageDropped'>): void {
    this.#memory.dropped(ctx)
  }

  handlerStalled(ctx: Context<'handlerStalled'>): void {
    this.#memory.stalled(ctx)
  }

  clientRefused(ctx: Context<'clientRefused'>): void {
    this.#memory.refused(ctx)
  }

  clientConnected(ctx: Context<'clientConnected'>): void {
    this.#memory.connected(ctx)
  }

  clientDisconnected(ctx: Context<'clientDisconnected'>): void {
    this.#memory.disconnected(ctx)
  }

  sessionEnded(ctx: Context<'sessionEnded'>): void {
    this.#memory.sessionEnded(ctx)
  }

  subscriptionRefused(ctx: Context<'subscriptionRefused'>): void {
    this.#memory.filterRefused(ctx)
  }

  topicUnsubscribed(ctx: Context<'topicUnsubscribed'>): void {
    this.#memory.unsubscribed(ctx)
  }
}

function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function')
    throw new StackError('OPTION_INVALID', `follow: "${name}" must be a function, not ${String(given)}`)
}
