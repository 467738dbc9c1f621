/** The broker as its users run it, in a process of its own that is killed. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../broker/dist/cli.js', import.meta.url))

export interface BrokerOptions {
  readonly directory: string
  readonly port: number
  readonly sync: 'commit' | 'interval'
}

export class BrokerProcess {
  readonly #child: ChildProcess
  #output = ''
  readonly #exited: Promise<unknown>

  constructor({ directory, port, sync }: BrokerOptions) {
    const flags = ['--data', directory, '--sync', sync, '--port', `${port}`, '--no-ws']
    this.#child = spawn(process.execPath, [COMMAND, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    this.#exited = once(this.#child, 'close')
  }

  /**
   * Fulfils when it listens.
   * @throws Error with all that it said, where it ends before.
   */
  async listening(): Promise<void> {
    while (!this.#output.includes('listening on')) {
      const ended = await Promise.race([
        this.#exited.then(() => true),
        once(this.#child.stdout ?? this.#child, 'data').then(() => false),
      ])
      if (ended) throw new Error(`the broker did not start: ${this.#output}`)
    }
  }

  /** Ends it as a power cut of the process would; fulfils when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Lines of warnings and errors, and what is no line of the log. */
  get complaints(): string[] {
    const lines = this.#output.split('\n').filter((line) => line !== '')
    return lines.filter((line) => !/^\{"level":(20|30),/.test(line))
  }
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
