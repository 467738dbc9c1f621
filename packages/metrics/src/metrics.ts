import type { CallbackName, Client, Context, MetricFamily, Store } from '@mqtt-stack/core'
import { Middleware, proceed, StackError } from '@mqtt-stack/core'
import type { Registry } from 'prom-client'
import { Gatherer } from './gather.ts'
import type { MetricsOptions } from './options.ts'
import { METRICS_OPTIONS } from './options.ts'
import type { MetricsServer } from './out/http.ts'
import type { OpenTelemetry } from './out/open-telemetry.ts'
import type { Place } from './out/place.ts'
import { placeOf } from './out/place.ts'
import type { Prometheus } from './out/prometheus.ts'
import { ClientCounts } from './sources/clients.ts'
import { EventCounts } from './sources/events.ts'
import { handlerFamilies } from './sources/handlers.ts'
import { memoryFamilies } from './sources/memory.ts'
import { ProcessSource } from './sources/process.ts'
import { MessageTimes } from './sources/times.ts'
import { trafficFamilies } from './sources/traffic.ts'
import { SysPublisher } from './sys/sys-publisher.ts'
import { TopLists } from './top/top-lists.ts'

/** `$SYS` is published no more often, in ms. */
const SHORTEST = 1_000

/**
 * Counts what the stack tells of and knows of itself, and hands it out with what others count (`lookupMetrics`): to Prometheus, to
 * OpenTelemetry, and as `$SYS/broker/…`. Stands first, so that it sees each connection. Nothing that a client chooses
 * becomes a label; who takes most of something is answered by `lookupTop`.
 */
export class Metrics extends Middleware<MetricsOptions> {
  readonly uses: readonly CallbackName[] = [
    'lookupMetrics',
    'lookupSessions',
    'lookupOutbound',
    'relayMessage',
    'messagePublished',
  ]
  readonly #clients: ClientCounts
  readonly #events = new EventCounts()
  readonly #times = new MessageTimes()
  readonly #process = new ProcessSource()
  #top!: TopLists
  #gatherer: Gatherer | undefined
  #endSampling = (): void => {}
  #prometheus: Promise<Prometheus> | undefined
  #place: Place | undefined
  #server: MetricsServer | undefined
  #address: Place | undefined
  #openTelemetry: OpenTelemetry | undefined
  #sys: SysPublisher | undefined

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(options?: MetricsOptions) {
    super(options, METRICS_OPTIONS)
    checkInterval(this.config.sysInterval)
    this.#clients = new ClientCounts(this.config.classOf)
    if (this.config.listen !== '') this.#place = placeOf(this.config.listen)
  }

  /** Where `/metrics` is served; `undefined` where it is not. */
  get address(): Place | undefined {
    return this.#address
  }

  /** @throws StackError `LISTEN_FAILED` or `OPTION_INVALID`. */
  async start(): Promise<void> {
    const { stack, config } = this
    this.#top = new TopLists(stack, config.top)
    this.#process.start()
    const { every } = config
    const top = this.#top
    const times = this.#times
    const endTiming = stack.observation.time(every)
    const endSampling = stack.sampleMessages({
      every,
      begun: (ctx, weight) => top.note(ctx, weight),
      relayed: (seconds, weight) => times.relayed(seconds, weight),
      delivered: (seconds, weight, receivers) => times.delivered(seconds, weight, receivers),
      waited: (seconds, weight) => times.waited(seconds, weight),
    })
    this.#endSampling = () => {
      endTiming()
      endSampling()
    }
    try {
      await this.#open()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#endSampling()
    this.#process.stop()
    this.#sys?.stop()
    this.#openTelemetry?.stop()
    await this.#server?.close()
    this.#address = undefined
  }

  /** All families, each once: as `lookupMetrics`, those of a second ago at most. */
  gather(): Promise<readonly MetricFamily[]> {
    this.#gatherer ??= new Gatherer(this.stack)
    return this.#gatherer.gather()
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    const prometheus = await this.#registered()
    return prometheus.text()
  }

  /** A registry of prom-client with all families, our own and not its global one: to merge with yours. */
  async registry(): Promise<Registry> {
    const prometheus = await this.#registered()
    await prometheus.refresh()
    return prometheus.registry
  }

  // What is told

  install(client: Client): void {
    this.#clients.open(client)
  }

  clientConnected({ client }: Context<'clientConnected'>): void {
    this.#clients.connect(client)
  }

  clientRefused(ctx: Context<'clientRefused'>): void {
    this.#clients.refuse(ctx)
  }

  clientDisconnected(ctx: Context<'clientDisconnected'>): void {
    this.#clients.disconnect(ctx)
  }

  authenticationFailed(ctx: Context<'authenticationFailed'>): void {
    this.#events.fail(ctx)
  }

  topicSubscribed(ctx: Context<'topicSubscribed'>): void {
    this.#events.grant(ctx)
  }

  subscriptionRefused(ctx: Context<'subscriptionRefused'>): void {
    this.#events.refuse(ctx)
  }

  topicUnsubscribed(): void {
    this.#events.unsubscribe()
  }

  sessionTakenOver(): void {
    this.#events.takeOver()
  }

  sessionEnded(ctx: Context<'sessionEnded'>): void {
    this.#events.endSession(ctx)
  }

  messageDropped(ctx: Context<'messageDropped'>): void {
    this.#events.drop(ctx)
  }

  retainedDelivered(ctx: Context<'retainedDelivered'>): void {
    this.#top.noteScan(ctx)
  }

  handlerStalled(ctx: Context<'handlerStalled'>): void {
    this.#events.stall(ctx)
  }

  // What is asked

  lookupMetrics(_ctx: Context<'lookupMetrics'>, store: Store<'lookupMetrics'>): void {
    const { traffic, ledger, observation } = this.stack
    store.push(
      ...this.#clients.families(),
      ...this.#events.families(),
      ...trafficFamilies(traffic),
      ...this.#times.families(),
      ...memoryFamilies(ledger),
      ...handlerFamilies(observation.activity()),
      ...this.#process.families(),
    )
  }

  lookupTop(ctx: Context<'lookupTop'>, store: Store<'lookupTop'>): void | Promise<void> {
    return proceed(this.#top.lookup(ctx, store))
  }

  async #open(): Promise<void> {
    const { openTelemetry, sysInterval, sysTopic, version } = this.config
    const gather = (): Promise<readonly MetricFamily[]> => this.gather()
    if (openTelemetry !== false) {
      const { meterOf, OpenTelemetry } = await import('./out/open-telemetry.ts')
      const meter = await meterOf(openTelemetry)
      this.#openTelemetry = new OpenTelemetry(meter, gather, (error) =>
        this.stack.log.event('metrics.failed', { cause: error.message }),
      )
      await this.#openTelemetry.refresh()
    }
    if (sysInterval > 0) {
      const sources = { stack: this.stack, clients: this.#clients, events: this.#events }
      this.#sys = new SysPublisher(sources, { interval: sysInterval, prefix: sysTopic, version }, gather)
      this.#sys.start()
    }
    const place = this.#place
    if (place === undefined) return
    const { MetricsServer } = await import('./out/http.ts')
    const prometheus = await this.#registered()
    const type = prometheus.registry.contentType
    this.#server = new MetricsServer(place, async () => ({ body: await prometheus.text(), type }))
    this.#address = await this.#server.open()
    const url = `http://${hostOf(this.#address)}:${this.#address.port}/metrics`
    this.stack.log.event('metrics.opened', { url })
  }

  /** prom-client is loaded where somebody asks for it. */
  #registered(): Promise<Prometheus> {
    this.#prometheus ??= this.#register()
    return this.#prometheus
  }

  async #register(): Promise<Prometheus> {
    const [{ default: client }, { Prometheus }] = await Promise.all([
      import('prom-client'),
      import('./out/prometheus.ts'),
    ])
    return new Prometheus(new client.Registry(), () => this.gather())
  }
}

function hostOf({ host }: Place): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Whoever knows Mosquitto writes seconds. */
function checkInterval(interval: number): void {
  if (interval === 0 || interval >= SHORTEST) return
  const what = `0, or a number from ${SHORTEST} (milliseconds)`
  throw new StackError('OPTION_INVALID', `Metrics: option "sysInterval" must be ${what}, not ${interval}`)
}
