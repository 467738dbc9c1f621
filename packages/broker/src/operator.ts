/** What an operator's middleware can have the broker do. */
import type { ClientList } from '@mqtt-stack/core'
import { isLogLevel } from '@mqtt-stack/core'
import type { Broker, Reloaded } from './broker.ts'
import type { Explanation } from './explain/explanation.ts'
import type { Question } from './explain/question.ts'
import type { Address } from './listeners/address.ts'
import { parseListenUrl } from './listeners/listen-url.ts'
import type { ListenerOptions } from './listeners/options.ts'
import { version } from './version.ts'

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
    return this.#broker.log.level
  }

  setLogLevel(level: string): boolean {
    if (!isLogLevel(level)) return false
    this.#broker.log.level = level
    return true
  }
}

/** Hands the broker to whoever wants to have things done. */
export function handOver(broker: Broker): void {
  const operator = new BrokerOperator(broker)
  for (const one of broker.stack.middlewares) one.operatedBy?.(operator)
}
