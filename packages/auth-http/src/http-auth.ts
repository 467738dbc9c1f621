import type { Handler, Resolved } from '@mqtt-stack/core'
import { Middleware, StackError } from '@mqtt-stack/core'
import { AuthorityFile } from '@mqtt-stack/core/users'
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
  authenticateConnection: Handler<'authenticateConnection'> | undefined
  authorizePacket: Handler<'authorizePacket'> | undefined
  #authenticator: Authenticator | undefined
  #authorizer: Authorizer | undefined
  #services: Service[] = []
  /** Were asked before, and have still something to answer. */
  #retired: Service[] = []
  #authorities: AuthorityFile | undefined
  #running = false

  /** @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID`. */
  constructor(options?: HttpAuthOptions) {
    super(options, HTTP_AUTH_OPTIONS)
    const { authenticate, authorize, caFile, cacheEntries } = this.config
    const { cacheTime: allow, cacheRefusalTime: refuse } = this.config
    if (authenticate === undefined && authorize === undefined) {
      throw new StackError(
        'OPTION_INVALID',
        `${this.name}: give at least one of the options "authenticate" and "authorize"`,
      )
    }
    if (caFile !== undefined) this.#authorities = new AuthorityFile(caFile, this.name)
    const times = { allow, refuse }
    if (authenticate !== undefined) {
      const service = this.#serviceAt('authenticate', authenticate)
      this.#authenticator = new Authenticator(service, times, cacheEntries)
    }
    if (authorize !== undefined)
      this.#authorizer = new Authorizer(this.#serviceAt('authorize', authorize), times, cacheEntries)
    this.#answer()
  }

  start(): void {
    this.#running = true
    this.#authorities?.start(this.stack)
    for (const service of this.#services) service.start(this.stack)
  }

  stop(): void {
    this.#running = false
    this.#authorities?.stop()
    for (const service of [...this.#services, ...this.#retired]) service.stop()
  }

  /**
   * Other options from now on. Answers that were kept are forgotten; questions that are under way are answered by the
   * service that they were asked of.
   * @throws StackError as the constructor; then nothing has changed.
   */
  async replace(options: HttpAuthOptions): Promise<void> {
    const next = new HttpAuth(options)
    const before = this.#services
    this.#authorities?.stop()
    this.#authorities = next.#authorities
    this.#authenticator = next.#authenticator
    this.#authorizer = next.#authorizer
    this.#services = next.#services
    const mine = this as { config: Resolved<HttpAuthOptions> }
    mine.config = next.config
    this.#answer()
    if (!this.#running) return
    this.start()
    for (const service of before) service.retire()
    this.#retired = [...this.#retired, ...before].filter(({ busy }) => busy)
    this.stack.refresh()
  }

  /** Forgets all answers: the next questions are asked. */
  forget(): void {
    this.#authenticator?.clear()
    this.#authorizer?.clear()
  }

  #answer(): void {
    this.authenticateConnection =
      this.#authenticator && ((ctx, store) => this.#authenticator?.answer(ctx, store, this.stack.clock))
    this.authorizePacket =
      this.#authorizer && ((ctx, store) => this.#authorizer?.answer(ctx, store, this.stack.clock))
  }

  #serviceAt(key: 'authenticate' | 'authorize', text: string): Service {
    const { allowHttp, timeout, retries, concurrency, waiting, failures, cooldown } = this.config
    const owner = this.name
    const authorities = this.#authorities
    const service = new Service({
      owner,
      url: readUrl(owner, key, text, allowHttp),
      headers: readHeaders(owner, this.config),
      ca: authorities && (() => authorities.pem),
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
