import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Listener } from '../contract/listener.ts'
import { Stack } from '../stack/stack.ts'

/** Listens with a stack's handler, and tells what the stack knows of the first who comes. */
async function arrives(make: (stack: Stack) => Server, where: object, call: (server: Server) => unknown) {
  const stack = new Stack()
  const arrived = new Promise<Listener>((resolve) => {
    stack.use({ name: 'Watch', install: ({ listener }) => resolve(listener) })
  })
  const server = make(stack)
  onTestFinished(async () => {
    server.close()
    await stack.stop()
  })
  server.listen(where)
  await once(server, 'listening')
  call(server)
  return arrived
}

function dial(options: { port: number; host: string } | { path: string }): void {
  const socket = connect(options)
  onTestFinished(() => void socket.destroy())
}

const portOf = (server: Server): number => (server.address() as { port: number }).port
const plain = (stack: Stack): Server => createServer(stack.handler())

describe('net.createServer(stack.handler()): the address of a socket says whether it is local', () => {
  test('a loopback peer is, whatever the server listens on', async () => {
    const listener = await arrives(plain, { port: 0, host: '0.0.0.0' }, (server) =>
      dial({ port: portOf(server), host: '127.0.0.1' }),
    )
    expect(listener).toMatchObject({
      transport: 'tcp',
      local: true,
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
  })

  test('a peer with another address is not', async ({ skip }) => {
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    if (outer === undefined) skip('this machine has no other address')
    const host = outer?.address as string
    const listener = await arrives(plain, { port: 0, host: '0.0.0.0' }, (server) =>
      dial({ port: portOf(server), host }),
    )
    expect(listener).toMatchObject({ transport: 'tcp', local: false })
  })

  test('a Unix socket is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'mqtt.sock')
    expect(await arrives(plain, { path }, () => dial({ path }))).toEqual({ transport: 'unix', local: true })
  })

  test('so is TLS from a loopback peer', async () => {
    const certificate = createCertificate('localhost')
    const secure = (stack: Stack): Server => createTlsServer(certificate, stack.handler())
    const listener = await arrives(secure, { port: 0, host: '127.0.0.1' }, (server) => {
      const options = {
        port: portOf(server),
        host: '127.0.0.1',
        ca: certificate.cert,
        servername: 'localhost',
      }
      const socket: TLSSocket = connectTls(options)
      onTestFinished(() => void socket.destroy())
    })
    expect(listener).toMatchObject({ transport: 'tls', local: true })
  })

  test('a stream that is no socket, or whose connection is gone, is not', () => {
    const stack = new Stack()
    onTestFinished(() => stack.stop())
    expect(stack.connect(new PassThrough()).listener).toEqual({ transport: 'stream', local: false })
    const gone = connect({ port: 1, host: '127.0.0.1' }).on('error', () => {})
    gone.destroy()
    expect(stack.connect(gone).listener).toEqual({ transport: 'stream', local: false })
  })
})
