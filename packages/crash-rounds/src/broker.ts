/** The broker as its users run it, in a process of its own that is killed. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** While somebody is away the others go on: what is dropped because a log is full is not what is looked for. */
const ROOM = { sessionMessages: 1_000_000, sessionBytes: 1_000_000_000 }
/** What the broker notes of clients that were not served: nobody here is to be refused, disconnected, or not to get a message. */
const UNSERVED = /"msg":"(client refused|connection closed|subscription refused|messages dropped)/

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
    const file = join(directory, 'broker.json')
    const store = { lmdb: { path: join(directory, 'data'), sync, ...ROOM } }
    writeFileSync(file, JSON.stringify({ listeners: [{ listen: `mqtt://127.0.0.1:${port}` }], store }))
    this.#child = spawn(process.execPath, [COMMAND, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
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

  /** Lines of warnings and errors, those about clients that were not served, and what is no line of the log. */
  get complaints(): string[] {
    const lines = this.#output.split('\n').filter((line) => line !== '')
    return lines.filter((line) => !/^\{"level":(20|30),/.test(line) || UNSERVED.test(line))
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
