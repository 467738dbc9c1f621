/** A way to a server that a test can cut: like a cable that is pulled, or a network that is gone. */
import type { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export interface CutProxy {
  readonly host: string
  readonly port: number
  /** Connections are closed, and new ones too, until it is healed. */
  cut(): void
  /** Nothing goes through any more in either direction, and nobody is told. */
  hang(): void
  /** Nothing that the server answers comes through any more; what it is told does. */
  mute(): void
  /** New connections go through. What hung is closed. */
  heal(): void
  close(): Promise<void>
}

/** @param change What comes of what the server answers; of the same length. */
export async function startProxy(
  host: string,
  port: number,
  change: (bytes: Buffer) => Uint8Array = (bytes) => bytes,
): Promise<CutProxy> {
  let state: 'open' | 'cut' | 'hung' | 'mute' = 'open'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (state === 'cut') {
      client.destroy()
      return
    }
    const upstream = connect({ host, port })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (state !== 'hung') upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (state === 'open') client.write(change(bytes))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut'
      closeAll()
    },
    hang: () => {
      state = 'hung'
    },
    mute: () => {
      state = 'mute'
    },
    heal: () => {
      state = 'open'
      closeAll()
    },
    close: async () => {
      closeAll()
      server.close()
      await once(server, 'close')
    },
  }
}
