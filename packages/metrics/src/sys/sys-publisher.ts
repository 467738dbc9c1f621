/** Publishes `$SYS/broker/…`, retained, as the broker's own: access rules say who may read it, and nobody else may write it. */
import type { MetricFamily, Publisher, Timer } from '@mqtt-stack/core'
import { judgeEvery, Publish, RelayContext, Relayer, RelayStore, StackError } from '@mqtt-stack/core'
import type { SysSources } from './sys-values.ts'
import { SysValues } from './sys-values.ts'

const SELF: Publisher = { clientId: '', identity: undefined }

export interface SysOptions {
  /** In ms. */
  readonly interval: number
  readonly prefix: string
  readonly version: string
}

export class SysPublisher {
  readonly #sources: SysSources
  readonly #options: SysOptions
  readonly #values: SysValues
  readonly #relayer: Relayer
  readonly #gather: () => Promise<readonly MetricFamily[]>
  /** What was published last: what has not changed is not published again. */
  readonly #said = new Map<string, string>()
  #timer: Timer | undefined
  #publishing = false

  /** @throws StackError `OPTION_INVALID` where clients could publish there. */
  constructor(sources: SysSources, options: SysOptions, gather: () => Promise<readonly MetricFamily[]>) {
    const { stack } = sources
    if (!stack.isControlTopic(`${options.prefix}/version`))
      throw new StackError(
        'OPTION_INVALID',
        `Metrics: option "sysTopic" must be a control topic, such as $SYS/broker, not ${JSON.stringify(options.prefix)}: clients could publish there (option "controlTopics" of the stack)`,
      )
    this.#sources = sources
    this.#options = options
    this.#gather = gather
    this.#values = new SysValues(sources)
    this.#relayer = new Relayer(stack)
  }

  start(): void {
    const { clock, log } = this.#sources.stack
    const publish = (): void => {
      this.publish().catch((error: Error) => log.event('metrics.unpublished', { cause: error.message }))
    }
    this.#timer = judgeEvery(clock, this.#options.interval, publish)
    publish()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** What has changed, one message after the other; nothing while it is under way. */
  async publish(): Promise<void> {
    if (this.#publishing) return
    this.#publishing = true
    try {
      const values = this.#values.take(await this.#gather())
      values.set('version', this.#options.version)
      let count = 0
      for (const [topic, value] of values) {
        if (this.#said.get(topic) === value) continue
        await this.#say(topic, value)
        this.#said.set(topic, value)
        count++
      }
      const { prefix } = this.#options
      if (count > 0) this.#sources.stack.log.event('metrics.published', { count, topic: prefix })
    } finally {
      this.#publishing = false
    }
  }

  async #say(topic: string, payload: string): Promise<void> {
    const packet = Publish.from({ topic: `${this.#options.prefix}/${topic}`, payload, qos: 0, retain: true })
    await this.#relayer.relay(
      new RelayContext(undefined, packet, SELF, undefined, 'broker'),
      new RelayStore(),
    )
  }
}
