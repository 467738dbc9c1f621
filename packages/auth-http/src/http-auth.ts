import type { Handler } from '@mqtt-stack/core'
import { Middleware, StackError } from '@mqtt-stack/core'
import { Authenticator } from './authenticator.ts'
import { Authorizer } from './authorizer.ts'
import { readHeaders, readUrl } from './endpoint.ts'
import type { HttpAuthOptions } from './options.ts'
import { HTTP_AUTH_OPTIONS } from './options.ts'
import { Service } from './service.ts'

/**
 * Asks a web service who clients are, what they may do, or both, and keeps its answers for a while. Where the service does
 * not answer nobody is let in, and nothing is allowed, that was not asked before.
 */
export class HttpAuth extends Middleware<HttpAuthOptions> {
  /** Only where there is a URL for it. */
  readonly authenticateConnection: Handler<'authenticateConnection'> | undefined
  readonly authorizePacket: Handler<'authorizePacket'> | undefined
  readonly #authenticator: Authenticator | undefined
  readonly #authorizer: Authorizer | undefined
  readonly #services: Service[] = []

  /** @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID`. */
  constructor(options?: HttpAuthOptions) {
    super(options, HTTP_AUTH_OPTIONS)
    const { authenticate, authorize, cacheTime: allow, cacheRefusalTime: refuse, cacheEntries } = this.config
    if (authenticate === undefined && authorize === undefined) {
      throw new StackError(
        'OPTION_INVALID',
        `${this.name}: give at least one of the options "authenticate" and "authorize"`,
      )
    }
    const times = { allow, refuse }
    if (authenticate !== undefined) {
      const authenticator = new Authenticator(
        this.#serviceAt('authenticate', authenticate),
        times,
        cacheEntries,
      )
      this.#authenticator = authenticator
      this.authenticateConnection = (ctx, store) => authenticator.answer(ctx, store, this.stack.clock)
    }
    if (authorize !== undefined) {
      const authorizer = new Authorizer(this.#serviceAt('authorize', authorize), times, cacheEntries)
      this.#authorizer = authorizer
      this.authorizePacket = (ctx, store) => authorizer.answer(ctx, store, this.stack.clock)
    }
  }

  start(): void {
    for (const service of this.#services) service.start(this.stack)
  }

  stop(): void {
    for (const service of this.#services) service.stop()
  }

  /** Forgets all answers: the next questions are asked. */
  forget(): void {
    this.#authenticator?.clear()
    this.#authorizer?.clear()
  }

  #serviceAt(key: 'authenticate' | 'authorize', text: string): Service {
    const { allowHttp, timeout, retries, concurrency, waiting, failures, cooldown } = this.config
    const owner = this.name
    const service = new Service({
      owner,
      url: readUrl(owner, key, text, allowHttp),
      headers: readHeaders(owner, this.config),
      timeout,
      retries,
      concurrency,
      waiting,
      failures,
      cooldown,
    })
    this.#services.push(service)
    return service
  }
}
