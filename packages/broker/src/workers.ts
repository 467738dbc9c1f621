/** `--workers`: several processes share the listeners and, over one store, the service. */
import type { Worker } from 'node:cluster'
import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Clock, Log } from '@mqtt-stack/core'
import { StackError, systemClock } from '@mqtt-stack/core'

/** Tells a worker which one it is, from 1 on. */
const INDEX = 'MQTT_STACK_WORKER'
/** Tells it who has started it. */
const PARENT = 'MQTT_STACK_WORKER_PARENT'
/** Milliseconds after which a worker that ended is started again; twice as many each time that it ends at once. */
const PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** A worker that ran for longer, in ms, did not end at once. */
const SETTLED = 10_000
/** Milliseconds that workers have to end: longer than each gives itself. */
const STOP_TIMEOUT = 6_000

/** What a worker tells when it listens. */
interface Ready {
  readonly listening: readonly string[]
}

/** Which of the workers this process is; nothing where it is none. */
export const workerIndex: number | undefined =
  cluster.isWorker && process.env[INDEX] !== undefined ? Number(process.env[INDEX]) : undefined

/** How a process is known to the others of a service. */
export interface NodeOfWorker {
  readonly node?: string
  readonly parent?: string
}

/**
 * A worker's own name of a node: two processes are two nodes. One that is started again is the same node, and need not wait until the lease
 * of the process before has run out.
 * @param node What the user calls it; empty where that is left open.
 */
export function nodeOfWorker(
  node: string,
  index: number | undefined = workerIndex,
  parent: string | undefined = process.env[PARENT],
): NodeOfWorker {
  if (index === undefined) return node === '' ? {} : { node }
  if (parent === undefined) return node === '' ? {} : { node: `${node}-${index}` }
  return { node: `${node || parent}-${index}`, parent }
}

/** Tells the process that started this one where it listens. */
export function tellReady(listening: readonly string[]): void {
  process.send?.({ listening } satisfies Ready)
}

/** Starts so many processes of the same command, starts again who ends, and ends them. */
export class Workers {
  readonly #count: number
  readonly #log: Log
  readonly #clock: Clock
  readonly #running = new Map<number, Worker>()
  /** What the store knows this process by: no other one starts these workers. */
  readonly #name = `n-${randomBytes(8).toString('hex')}`
  #stopping = false

  constructor(count: number, log: Log, clock: Clock = systemClock) {
    this.#count = count
    this.#log = log
    this.#clock = clock
  }

  /**
   * Answers where they listen, when all do. The first begins alone: what is wrong is said once.
   * @throws StackError `WORKER_FAILED` where one could not start; it has said why.
   */
  async start(): Promise<readonly string[]> {
    const addresses = await this.#ready(1)
    const others = Array.from({ length: this.#count - 1 }, (_, i) => this.#ready(i + 2))
    try {
      await Promise.all(others)
    } catch (error) {
      await this.stop()
      throw error
    }
    for (const [index, worker] of this.#running) this.#watch(index, worker, 0)
    return addresses
  }

  /** Their process identifiers, in order. */
  get pids(): readonly (number | undefined)[] {
    return [...this.#running].sort(([one], [other]) => one - other).map(([, worker]) => worker.process.pid)
  }

  /** Passes a signal on to all of them. */
  signal(name: NodeJS.Signals): void {
    for (const worker of this.#running.values()) worker.process.kill(name)
  }

  /** Answers when all have ended, or had time enough to. */
  async stop(): Promise<void> {
    this.#stopping = true
    const ended = [...this.#running.values()].map((worker) => once(worker, 'exit'))
    this.signal('SIGTERM')
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(STOP_TIMEOUT, resolve)
      void Promise.all(ended).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #fork(index: number): Worker {
    // The service manager hears of the process that it has started.
    const env = { [INDEX]: String(index), [PARENT]: this.#name, NOTIFY_SOCKET: '', WATCHDOG_USEC: '' }
    const worker = cluster.fork(env)
    this.#running.set(index, worker)
    return worker
  }

  #ready(index: number): Promise<readonly string[]> {
    const worker = this.#fork(index)
    return new Promise((resolve, reject) => {
      worker.once('message', ({ listening }: Ready) => resolve(listening))
      worker.once('exit', () => {
        this.#running.delete(index)
        reject(new StackError('WORKER_FAILED', `worker ${index} could not start`))
      })
    })
  }

  #startAgain(index: number, failures: number): void {
    const worker = this.#fork(index)
    worker.once('message', () =>
      this.#log.event('worker.restarted', { worker: index, pid: worker.process.pid ?? 0 }),
    )
    this.#watch(index, worker, failures)
  }

  /** @param failures How often it has ended at once. */
  #watch(index: number, worker: Worker, failures: number): void {
    const since = this.#clock.now()
    worker.once('exit', (code, signal) => {
      this.#running.delete(index)
      if (this.#stopping) return
      const count = this.#clock.now() - since > SETTLED ? 0 : failures
      const pause = Math.min(PAUSE * 2 ** count, LONGEST_PAUSE)
      const how = signal ?? `exit code ${code}`
      this.#log.event('worker.ended', { worker: index, how, seconds: pause / 1_000 })
      // Keeps the process alive, also where none is left.
      setTimeout(() => {
        if (!this.#stopping) this.#startAgain(index, count + 1)
      }, pause)
    })
  }
}
