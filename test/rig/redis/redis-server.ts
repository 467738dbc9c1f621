/** A real `redis-server` of Debian’s for a test, in a directory of its own. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programPath } from '../../support/needs.ts'
import { openPort } from '../../support/open-port.ts'

/** Settings as in `redis.conf`, by name. */
export type RedisSettings = Readonly<Record<string, string | number>>

/** A restart has all that was acknowledged. */
const DURABLE: RedisSettings = { save: '', appendonly: 'yes', appendfsync: 'always' }

export interface RedisServer {
  readonly host: string
  readonly port: number
  readonly url: string
  readonly directory: string
  /** Its process. */
  readonly pid: number
  /** Stops it as a crash does; its directory stays. */
  kill(): Promise<void>
  /** Starts it again where it was, over what it has left. */
  restart(more?: RedisSettings): Promise<void>
  /** Ends it, and removes its directory. */
  stop(): Promise<void>
}

/** @param settings Beside `appendonly yes` and `appendfsync always`, or in their place. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'))
  const { host, port, handOver } = await openPort()
  handOver()
  const isSecure = 'tls-cert-file' in settings
  const given = { ...DURABLE, ...(isSecure && { port: 0, 'tls-port': port }), ...settings }
  let child = await run('redis-server', host, port, directory, given)
  return {
    host,
    port,
    url: `redis${isSecure ? 's' : ''}://${host}:${port}`,
    directory,
    get pid() {
      return child.pid!
    },
    kill: () => end(child),
    restart: async (more = {}) => {
      await end(child)
      child = await run('redis-server', host, port, directory, { ...given, ...more })
    },
    stop: async () => {
      await end(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What runs now ends with the process of the test. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a program of Redis’ until it says that it is ready. */
export async function run(
  program: string,
  host: string,
  port: number,
  directory: string,
  settings: RedisSettings,
  file?: string,
): Promise<ChildProcess> {
  const given = {
    bind: host,
    'bind-source-addr': host,
    'protected-mode': 'no',
    port,
    dir: directory,
    ...settings,
  }
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const child = spawn(programPath(program) ?? program, [...(file === undefined ? [] : [file]), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let said = ''
  child.stdout.setEncoding('utf8')
  for await (const text of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    said += text
    if (/Ready to accept connections|monitor master/.test(said)) {
      child.stdout.resume()
      // A test that fails on its way does not wait for it.
      child.unref()
      ;(child.stdout as unknown as Socket).unref()
      return child
    }
  }
  throw new Error(`${program} did not start:\n${said}`)
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
