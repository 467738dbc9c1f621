/** Reads what a proxy says of a connection before the server sees it: before TLS, and before HTTP. */
import { Buffer } from 'node:buffer'
import type { Server, Socket } from 'node:net'
import type { Clock, TlsFacts } from '@mqtt-stack/core'
import { authority, remoteOf } from '../address.ts'
import type { AddressList } from '../address-list.ts'
import { beneath } from '../beneath.ts'
import type { ProxyHeader } from './proxy-header.ts'
import { readProxyHeader } from './proxy-header.ts'

/** What a proxy has said of a connection. */
export interface Proxied {
  /** Address of the proxy. */
  readonly proxy: string | undefined
  /** Address of the client; that of the proxy where it speaks for itself, or does not know. */
  readonly remote: string | undefined
  /** The same without its port. */
  readonly host: string | undefined
  readonly tls: TlsFacts | undefined
  /** Common name of the client's certificate. */
  readonly commonName: string | undefined
}

export interface ProxyGateOptions {
  /** The proxies; connections from elsewhere are refused. Without it there is no elsewhere. */
  readonly from: AddressList | undefined
  /** How long the header may take, in ms. */
  readonly timeout: number
  readonly clock: Clock
  /** Told why a connection is refused, just before it is closed. */
  readonly refused: (socket: Socket, reason: string) => void
}

export class ProxyGate {
  readonly #options: ProxyGateOptions
  readonly #proxied = new WeakMap<object, Proxied>()

  constructor(options: ProxyGateOptions) {
    this.#options = options
  }

  /** Stands before those who listen to the server's connections now; later ones see each connection at once. */
  guard(server: Server): void {
    const serving = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      this.#take(socket, () => {
        for (const serve of serving) serve.call(server, socket)
      })
    })
  }

  /** What was said of a socket, or of the one beneath its TLS. */
  of(socket: Socket): Proxied | undefined {
    const plain = beneath(socket)
    return this.#proxied.get(socket) ?? (plain && this.#proxied.get(plain))
  }

  #take(socket: Socket, serve: () => void): void {
    const { from, timeout, clock } = this.#options
    if (from !== undefined && socket.remoteAddress === undefined) {
      // Somebody who looks whether the port is open, as HAProxy does, and is gone already.
      socket.on('error', ignore).destroy()
      return
    }
    if (from?.has(socket.remoteAddress) === false) {
      this.#refuse(socket, 'it does not come from a proxy (option "proxy")')
      return
    }
    let held: Buffer = Buffer.alloc(0)
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      let header: ProxyHeader | undefined
      try {
        header = readProxyHeader(held)
      } catch (error) {
        giveUp(`a PROXY header that cannot be read: ${(error as Error).message}`)
        return
      }
      if (header !== undefined) goOn(header)
    }
    const onEnd = (): void => {
      if (held.length > 0) giveUp('a PROXY header that cannot be read: it is cut off')
      // Somebody who looks whether the port is open.
      else socket.destroy()
    }
    const timer = clock.after(timeout, () => giveUp(`no PROXY header within ${timeout} ms`))
    const leave = (): void => {
      timer.cancel()
      socket.off('readable', onReadable).off('end', onEnd).off('error', ignore).off('close', leave)
    }
    const goOn = (header: ProxyHeader): void => {
      leave()
      this.#proxied.set(socket, proxiedOf(socket, header))
      if (held.length > header.length) socket.unshift(held.subarray(header.length))
      serve()
    }
    const giveUp = (reason: string): void => {
      leave()
      this.#refuse(socket, reason)
    }
    socket.on('readable', onReadable).on('end', onEnd).on('error', ignore).on('close', leave)
  }

  #refuse(socket: Socket, reason: string): void {
    this.#options.refused(socket, reason)
    socket.on('error', ignore).destroy()
  }
}

/** A connection that is lost before it said anything concerns nobody. */
function ignore(): void {}

function proxiedOf(socket: Socket, { source, tls, commonName }: ProxyHeader): Proxied {
  const proxy = remoteOf(socket)
  const remote = source === undefined ? proxy : authority(source.host, source.port)
  return { proxy, remote, host: source?.host ?? socket.remoteAddress, tls, commonName }
}
