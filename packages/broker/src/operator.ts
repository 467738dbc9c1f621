/** What an operator's middleware can have the broker do. */
import type { ClientList, Logger } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Broker, Reloaded } from './broker.ts'
import type { Explanation } from './explain/explanation.ts'
import type { Question } from './explain/question.ts'
import type { Address } from './listeners/address.ts'
import { parseListenUrl } from './listeners/listen-url.ts'
import type { ListenerOptions } from './listeners/options.ts'
import type { LogLevel } from './logger.ts'
import { LOG_LEVELS } from './logger.ts'
import { version } from './version.ts'

/** A logger whose level may change, as the command's. */
type Leveled = Logger & { level?: string; setLevel?: (level: LogLevel) => void }

/** A listener that is open. */
export type OpenListener = Address & { readonly name?: string | undefined }

/** Handed to each middleware that has `operatedBy`, such as `@mqtt-stack/admin`. */
export class BrokerOperator {
  readonly version: string = version()
  readonly clients: ClientList
  readonly #broker: Broker

  constructor(broker: Broker) {
    this.#broker = broker
    this.clients = broker.clients
  }

  listeners(): readonly OpenListener[] {
    return this.#broker.openListeners
  }

  openListener(options: Readonly<Record<string, unknown>>): Promise<OpenListener> {
    const { listen, ...others } = options
    const place = typeof listen === 'string' ? parseListenUrl(listen) : {}
    return this.#broker.openListener({ ...place, ...others } as unknown as ListenerOptions)
  }

  closeListener(url: string): Promise<boolean> {
    return this.#broker.closeListener(url)
  }

  reload(): Promise<Reloaded> {
    return this.#broker.reload()
  }

  configuration(): Readonly<Record<string, unknown>> {
    return this.#broker.configuration
  }

  explain(question: Readonly<Record<string, unknown>>): Promise<Explanation> {
    return this.#broker.explain(question as Question)
  }

  logLevel(): string {
    const { level } = this.#logger
    if (level === undefined) throw this.#fixed()
    return level
  }

  setLogLevel(level: string): boolean {
    if (!LOG_LEVELS.includes(level as LogLevel)) return false
    if (this.#logger.setLevel === undefined) throw this.#fixed()
    this.#logger.setLevel(level as LogLevel)
    return true
  }

  get #logger(): Leveled {
    return this.#broker.stack.config.logger
  }

  #fixed(): StackError {
    return new StackError('OPTION_INVALID', 'the logger of this broker has no level of its own')
  }
}

/** Hands the broker to whoever wants to have things done. */
export function handOver(broker: Broker): void {
  const operator = new BrokerOperator(broker)
  for (const one of broker.stack.middlewares) one.operatedBy?.(operator)
}
