import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Sample } from './sample.ts'

const SERVER = fileURLToPath(new URL('../servers/soak.js', import.meta.url))
const START_MS = 10_000
const ANSWER_MS = 30_000
const STOP_MS = 5000

/** Our broker in a process of its own, which tells what it takes. */
export interface SoakBroker {
  readonly pid: number
  readonly port: number
  sample(collect: boolean): Promise<Sample>
  stop(): Promise<void>
}

export async function startSoakBroker(): Promise<SoakBroker> {
  const child = fork(SERVER, { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const gone = once(child, 'exit')
  let running = true
  void gone.then(() => (running = false))

  async function answer<T>(within: number): Promise<T> {
    const message = once(child, 'message', { signal: AbortSignal.timeout(within) })
    const end = gone.then(([code, signal]) => {
      throw new Error(`the broker ended with ${signal ?? code}`)
    })
    const [said] = (await Promise.race([message, end])) as [T]
    return said
  }

  async function stop(): Promise<void> {
    if (!running) return
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await gone
    clearTimeout(timer)
  }

  try {
    const { port } = await answer<{ port: number }>(START_MS)
    return {
      pid: child.pid!,
      port,
      sample(collect) {
        const sample = answer<Sample>(ANSWER_MS)
        child.send({ collect })
        return sample
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
