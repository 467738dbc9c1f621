import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { createInterface } from 'node:readline'
import { COMMAND, writeConfiguration } from './configuration.ts'
import type { State, StateAnswer, StateQuestion } from './state.ts'

const START_MS = 20_000
const ANSWER_MS = 30_000
const STOP_MS = 10_000
/** What to do where a process does not answer. */
export const BUSY =
  'it hangs, or the machine is too busy: look at its stack, or give it a machine that has less to do'
/** How many of the log's last lines an error shows. */
const SHOWN = 20

/** Ports by what comes in there, in the order of the configuration. */
export interface Ports {
  /** The good ones, TCP and WebSocket. */
  readonly house: number
  readonly pages: number
  /** Behind a PROXY header. */
  readonly world: number
}

/** The command in a process of its own, with a gauge in its stack. */
export interface HostileBroker {
  readonly pid: number
  readonly ports: Ports
  /** Lines of the log so far, by their level. */
  readonly logged: Readonly<Record<number, number>>
  /** The last errors that were logged. */
  readonly errors: readonly string[]
  state(collect: boolean): Promise<State>
  stop(): Promise<void>
}

/** @throws Error with the end of its log, where it does not start. */
export async function startHostileBroker(): Promise<HostileBroker> {
  const { file, remove } = writeConfiguration()
  const execArgv = ['--expose-gc', '--expose-internals']
  const child = fork(COMMAND, ['--config', file], { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const exited = once(child, 'exit')
  const log = new Log()
  let running = true
  void exited.then(() => (running = false))
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => log.read(line))

  async function unlessItEnds<T>(what: Promise<T>): Promise<T> {
    const end = exited.then(([code, signal]) => {
      throw new Error(`the broker ended with ${signal ?? code}:\n${log.tail.join('\n')}`)
    })
    return await Promise.race([what, end])
  }

  async function state(collect: boolean): Promise<State> {
    const answer = answerOf(child)
    child.send({ collect } satisfies StateQuestion)
    return await unlessItEnds(answer)
  }

  async function stop(): Promise<void> {
    if (running) {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      child.kill('SIGTERM')
      await exited
      clearTimeout(timer)
    }
    remove()
  }

  try {
    const ports = await unlessItEnds(log.listening(START_MS))
    return { pid: child.pid!, ports, logged: log.levels, errors: log.errors, state, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function answerOf(child: ChildProcess): Promise<State> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    for await (const [message] of on(child, 'message', { signal }))
      if (message?.soakState !== undefined) return (message as StateAnswer).soakState
  } catch (error) {
    if (!signal.aborted) throw error
  }
  throw new Error(`the broker did not answer within ${ANSWER_MS / 1000} s: ${BUSY}`)
}

/** Reads what the broker logs, and keeps its end. */
class Log {
  readonly levels: Record<number, number> = {}
  readonly errors: string[] = []
  readonly tail: string[] = []
  readonly #ports: number[] = []
  #listening: (ports: Ports) => void = () => {}

  /** Resolves once all listeners are open. */
  listening(within: number): Promise<Ports> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the broker did not listen:\n${this.tail.join('\n')}`)),
        within,
      )
      this.#listening = (ports) => {
        clearTimeout(timer)
        resolve(ports)
      }
    })
  }

  read(line: string): void {
    keep(this.tail, line)
    const { level = 50, msg = line } = parse(line)
    this.levels[level] = (this.levels[level] ?? 0) + 1
    if (level >= 50) keep(this.errors, line)
    const port = /^listening on \S+:(\d+)/.exec(msg)?.[1]
    if (port === undefined) return
    const [house, pages, world] = [...this.#ports, Number(port)]
    this.#ports.push(Number(port))
    if (world !== undefined) this.#listening({ house, pages, world })
  }
}

function keep(lines: string[], line: string): void {
  lines.push(line)
  if (lines.length > SHOWN) lines.shift()
}

function parse(line: string): { level?: number; msg?: string } {
  try {
    return JSON.parse(line) as { level?: number; msg?: string }
  } catch {
    return {}
  }
}
