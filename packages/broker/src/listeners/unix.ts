/** A Unix socket: only this machine, and only who may open the file. */
import { Buffer } from 'node:buffer'
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { platform } from 'node:process'
import type { Resolved, Stack } from '@mqtt-stack/core'
import type { Endpoint } from './endpoint.ts'
import { expectProxy } from './expect-proxy.ts'
import { listenFailed } from './listen-error.ts'
import type { UnixListenerOptions } from './options.ts'
import { Peer } from './peer.ts'
import { placeOf } from './place.ts'

/** Bytes that a socket's path may have; Node cuts longer ones off. */
const MAX_PATH = platform === 'darwin' ? 103 : 107

/** @throws StackError `LISTEN_FAILED` when the path is too long. */
export function unixEndpoint(config: Resolved<UnixListenerOptions>, stack: Stack): Endpoint {
  const { path, backlog, maxConnections, behindProxy, proxyTimeout } = config
  if (Buffer.byteLength(path) > MAX_PATH) throw listenFailed('unix', path, { code: 'ENAMETOOLONG' })
  const place = placeOf(config)
  const server = createServer(
    (socket) => void stack.connect(socket, behindProxy ? new Peer(place, socket) : place),
  )
  server.maxConnections = maxConnections
  if (behindProxy) expectProxy(server, place, stack, undefined, proxyTimeout)
  return {
    place,
    server,
    listen: { path, backlog },
    where: path,
    address: () => ({ transport: 'unix', path, url: `unix:${path}`, local: !behindProxy }),
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
