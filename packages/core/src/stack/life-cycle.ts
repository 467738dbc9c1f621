/** Starting and stopping the middlewares of a stack. */
import type { MiddlewareLike, Stack } from '../contract/index.ts'
import { blame, StackError } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Timer } from '../time/index.ts'

export class LifeCycle {
  readonly #stack: Stack
  /** The order of stopping; they start the other way round. */
  readonly #inOrder: () => MiddlewareLike[]
  /** Settles when all have started, or one has failed; `undefined` before. */
  started: Promise<void> | undefined
  /** It has not begun to start, or its start has failed. */
  isIdle = true
  /** Everything has started: connections are served. */
  ready = false

  constructor(stack: Stack, inOrder: () => MiddlewareLike[]) {
    this.#stack = stack
    this.#inOrder = inOrder
  }

  /**
   * Starts all, last to first; those that had started are stopped if one fails.
   * @param ready Called at once when all have started.
   */
  start(ready: () => void): Promise<void> {
    this.isIdle = false
    this.started = this.#start(ready)
    return this.started
  }

  /** Closes all connections, waits until they are settled, and stops the middlewares, first to last. */
  async stop(): Promise<void> {
    // A middleware whose start never ends keeps nobody from stopping.
    await this.#inTime(this.started, 'the stack has not started').catch(() => {})
    await this.#disconnectAll()
    if (this.ready) await this.#stopAll(this.#inOrder())
  }

  async #start(ready: () => void): Promise<void> {
    const begun: MiddlewareLike[] = []
    try {
      for (const middleware of this.#inOrder().reverse()) {
        await middleware.start?.()
        begun.unshift(middleware)
      }
    } catch (error) {
      await this.#stopAll(begun).catch((failure: Error) => this.#stack.fail(failure, undefined, undefined))
      this.isIdle = true
      throw error
    }
    this.ready = true
    ready()
  }

  /** Waits for the end of all connections, but no longer than handlers may take. */
  async #disconnectAll(): Promise<void> {
    const { clients, clock, config } = this.#stack
    const over = [...clients].map((client) => new Promise<void>((resolve) => client.onClose(() => resolve())))
    for (const client of [...clients])
      this.#stack.closeClient(client, ReasonCode.SERVER_SHUTTING_DOWN, 'shutting down')
    await Promise.race([
      Promise.all(over),
      new Promise<void>((resolve) => clock.after(config.stallTimeout, resolve)),
    ])
  }

  /** Stops each of them, whatever becomes of the others; rejects with the first error. */
  async #stopAll(middlewares: readonly MiddlewareLike[]): Promise<void> {
    const errors: Error[] = []
    for (const middleware of middlewares) {
      try {
        await this.#inTime(middleware.stop?.(), `${middleware.name} has not stopped`)
      } catch (error) {
        errors.push(blame(error, middleware.name, 'stop'))
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  /** Waits for a stop, but not for ever: as long as handlers that it may wait for have, and as long again. */
  async #inTime(work: void | Promise<void>, complaint: string): Promise<void> {
    if (work === undefined) return
    const patience = 2 * this.#stack.config.stallTimeout
    let timer: Timer | undefined
    const late = new Promise<never>((_, reject) => {
      timer = this.#stack.clock.after(patience, () => {
        reject(new StackError('HANDLER_STALLED', `${complaint} within ${patience} ms`))
      })
    })
    try {
      await Promise.race([work, late])
    } finally {
      timer?.cancel()
    }
  }
}
