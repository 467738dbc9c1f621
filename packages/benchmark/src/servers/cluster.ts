/** A Redis and so many nodes over it, in processes of their own; they end with this one. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { accepts } from '../brokers/ports.ts'

const [kind, redis, directory, redisPort, ...ports] = process.argv.slice(2)
const CLI = fileURLToPath(new URL('../../../broker/dist/cli.js', import.meta.url))
const AEDES = fileURLToPath(new URL('./aedes-redis.js', import.meta.url))

const url = `redis://127.0.0.1:${redisPort}`
const children: ChildProcess[] = []

/** No snapshots in between: Redis keeps its log, and flushes it once a second. */
run(redis, [
  ...['--port', redisPort, '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--loglevel', 'warning'],
])
while (!(await accepts(Number(redisPort)))) await new Promise((resolve) => setTimeout(resolve, 20))

for (const port of ports) {
  if (kind === 'redis') run(process.execPath, [CLI, '--port', port, '--no-ws', '--redis', url])
  else run(process.execPath, [AEDES, port, redisPort])
}

function run(file: string, args: readonly string[]): void {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  child.once('exit', (code) => end(code ?? 1))
}

function end(code: number): void {
  for (const child of children) child.kill('SIGTERM')
  process.exit(code)
}

process.once('SIGTERM', () => end(0))
