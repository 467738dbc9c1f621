/** systemd, where it has started the command as a service that tells how it fares (Type=notify). */
import { execFile } from 'node:child_process'
import process from 'node:process'
import type { Clock, Log, Timer } from '@mqtt-stack/core'
import { systemClock } from '@mqtt-stack/core'

/** Runs `systemd-notify`, and answers when it is through. */
export type RunNotify = (states: readonly string[]) => Promise<void>

/** How long `systemd-notify` may take. */
const PATIENCE = 5_000

/** Does nothing where no service manager wants to be told. */
export class ServiceManager {
  readonly #log: Log
  readonly #run: RunNotify
  readonly #clock: Clock
  readonly #told: boolean
  /** How often it wants to hear that the event loop turns, in ms; 0: never. */
  readonly #period: number
  #watchdog: Timer | undefined
  #running = false
  #failed = false

  /** @param env Has `NOTIFY_SOCKET`, and `WATCHDOG_USEC` where there is a watchdog, for this process alone. */
  constructor(
    log: Log,
    env: Readonly<NodeJS.ProcessEnv> = process.env,
    run: RunNotify = runNotify,
    clock: Clock = systemClock,
  ) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env
    const watched = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid)
    this.#log = log
    this.#run = run
    this.#clock = clock
    this.#told = NOTIFY_SOCKET !== undefined && NOTIFY_SOCKET !== ''
    // Three times in the time that it waits: one that comes late does no harm.
    this.#period = watched ? Math.floor(Number(WATCHDOG_USEC ?? 0) / 3_000) : 0
  }

  /** The service is up; from now on it is told, too, that the event loop turns. */
  async ready(status: string): Promise<void> {
    await this.#tell('READY=1', `STATUS=${status}`)
    if (this.#told && this.#period > 0) {
      this.#watchdog = this.#clock.every(this.#period, () => void this.#tell('WATCHDOG=1'))
    }
  }

  async stopping(): Promise<void> {
    this.#watchdog?.cancel()
    this.#running = false
    await this.#tell('STOPPING=1')
  }

  async #tell(...states: readonly string[]): Promise<void> {
    // One at a time: a machine that is busy gets no crowd of processes.
    if (!this.#told || this.#running) return
    this.#running = true
    try {
      await this.#run(states)
      this.#failed = false
    } catch (error) {
      if (!this.#failed) this.#log.event('systemd.failed', { cause: (error as Error).message })
      this.#failed = true
    } finally {
      this.#running = false
    }
  }
}

/** Node has no Unix datagrams: the program that comes with systemd sends them. */
function runNotify(states: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', [...states], { timeout: PATIENCE }, (error, _stdout, stderr) => {
      if (error === null) resolve()
      else if (error.code === 'ENOENT') reject(new Error('the program is not installed'))
      else reject(new Error(stderr.trim() || error.message, { cause: error }))
    })
  })
}
