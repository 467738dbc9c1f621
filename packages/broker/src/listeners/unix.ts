/** A Unix socket: only this machine, and only who may open the file. */
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Listener, Resolved, Stack } from '@mqtt-stack/core'
import type { Entrance } from './entrance.ts'
import type { UnixListenerOptions } from './options.ts'

const LISTENER: Listener = { transport: 'unix', local: true }

export function unixEntrance(config: Resolved<UnixListenerOptions>, stack: Stack): Entrance {
  const { path, backlog, maxConnections } = config
  const server = createServer((socket) => void stack.connect(socket, LISTENER))
  server.maxConnections = maxConnections
  return {
    transport: 'unix',
    server,
    listen: { path, backlog },
    where: path,
    address: () => ({ transport: 'unix', path, url: `unix:${path}`, local: true }),
    makeRoom: () => removeStale(path),
  }
}

/** A broker that was killed leaves its socket behind. Removed only if it is a socket and nobody listens on it. */
async function removeStale(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined)
  if (file?.isSocket() !== true || (await answers(path))) return false
  await unlink(path)
  return true
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
  })
}
