/** Connections that come through a proxy: real sockets, real handshakes, real WebSockets. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { Listener } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { closeOf } from '../../../../../test/rig/broker.ts'
import {
  ADDRESSES,
  broker,
  clientOn,
  dial,
  proxy,
  REMOTE,
  refusals,
  TCP,
  trickle,
  V1,
  V2,
} from '../../../../../test/rig/proxied.ts'
import { extra, ssl, version2 } from '../../../../../test/rig/proxy-headers.ts'
import { createCertificate } from '../../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../../broker.ts'
import type { ListenerOptions } from '../options.ts'

const certificate = createCertificate('localhost')
const known = createCertificate('device')

function listenerOf({ stack }: Broker): Listener {
  expect(stack.clients.size).toBe(1)
  return [...stack.clients][0].listener
}

describe('a header', () => {
  test.each([
    ['version 1', V1, REMOTE],
    ['version 2', V2, REMOTE],
    [
      'version 2, IPv6',
      version2(0x21, 0x21, [...Array(15).fill(0), 1, ...Array(17).fill(0), 9, 0, 1]),
      '[::1]:9',
    ],
  ])('%s says where the client is, and it is not local', async (_what, header, remote) => {
    const one = await broker(TCP)
    const socket = await dial(one)
    const { localPort } = socket
    socket.write(header)
    expect(await clientOn(socket).connect()).toMatchObject({ returnCode: 0 })
    const listener = listenerOf(one)
    expect(listener.remote).toBe(remote)
    expect(listener.proxy).toBe(`127.0.0.1:${localPort}`)
    expect([listener.local, listener.tls, listener.certificate?.()]).toEqual([false, undefined, undefined])
  })

  test.each([
    ['version 1', Buffer.from('PROXY UNKNOWN\r\n')],
    ['version 2', version2(0x20, 0, [])],
  ])('%s: a proxy that speaks for itself is not local either', async (_what, header) => {
    const one = await broker(TCP, { allowAnonymous: 'local' })
    const socket = await dial(one)
    socket.write(header)
    expect(await clientOn(socket).connect()).toMatchObject({ returnCode: 5 })
    expect(refusals(one)).toEqual([
      expect.objectContaining({ remote: `127.0.0.1:${socket.localPort}`, transport: 'tcp' }),
    ])
  })

  test('may come in pieces, cut at any byte, and the client’s bytes with the last of them', async () => {
    const one = await broker(TCP)
    for (const header of [V1, V2]) {
      for (let cut = 1; cut <= header.length; cut++) {
        const socket = await dial(one)
        await trickle(socket, [header.subarray(0, cut)])
        socket.write(header.subarray(cut))
        const client = clientOn(socket)
        expect(await client.connect()).toMatchObject({ returnCode: 0 })
        expect(listenerOf(one).remote).toBe(REMOTE)
        await client.disconnect()
        await client.closed
        await settle()
      }
    }
  })

  test('may come byte by byte', async () => {
    const one = await broker(TCP)
    const socket = await dial(one)
    await trickle(
      socket,
      [...V2].map((byte) => Buffer.from([byte])),
    )
    expect(await clientOn(socket).connect()).toMatchObject({ returnCode: 0 })
    expect(listenerOf(one).remote).toBe(REMOTE)
  })

  test('with TLS facts: version, cipher, name and certificate of the client', async () => {
    const one = await broker(TCP)
    const socket = await dial(one)
    const facts = ssl({
      flags: 7,
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      commonName: 'device 1',
    })
    const name = extra(2, Buffer.from('mqtt.example'))
    socket.write(version2(0x21, 0x11, Buffer.concat([Buffer.from(ADDRESSES), name, facts])))
    await clientOn(socket).connect()
    const listener = listenerOf(one)
    expect(listener.tls).toEqual({
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      serverName: 'mqtt.example',
    })
    expect(listener.certificate?.()).toEqual({ subject: { CN: 'device 1' } })
  })
})

describe('before TLS', () => {
  const secure: ListenerOptions = { transport: 'tls', port: 0, ...certificate, proxy }

  async function shake(one: Broker, header: Buffer, options = {}): Promise<TestClient> {
    const socket = await dial(one)
    socket.write(header)
    const tls = connectTls({ socket, ca: certificate.cert, servername: 'localhost', ...options })
    return clientOn(tls.on('error', () => {}))
  }

  test.each([V1, V2])('the header comes first, then the handshake', async (header) => {
    const one = await broker({ ...secure, ca: known.cert })
    expect(await (await shake(one, header, known)).connect()).toMatchObject({ returnCode: 0 })
    const listener = listenerOf(one)
    expect([listener.remote, listener.local, listener.transport]).toEqual([REMOTE, false, 'tls'])
    expect(listener.tls).toMatchObject({ version: 'TLSv1.3', serverName: 'localhost' })
    expect(listener.certificate?.()?.subject?.CN).toBe('device')
  })

  test('header and handshake in one packet', async () => {
    const one = await broker(secure)
    const socket = await dial(one)
    socket.cork()
    socket.write(V2)
    const tls = connectTls({ socket, ca: certificate.cert, servername: 'localhost' }).on('error', () => {})
    setImmediate(() => socket.uncork())
    expect(await clientOn(tls).connect()).toMatchObject({ returnCode: 0 })
    expect(listenerOf(one).remote).toBe(REMOTE)
  })

  test('a certificate of the proxy’s own is not taken for the client’s', async () => {
    const one = await broker({ ...secure, ca: known.cert })
    const header = version2(0x21, 0x11, Buffer.concat([Buffer.from(ADDRESSES), ssl({ flags: 1 })]))
    await (await shake(one, header, known)).connect()
    expect(listenerOf(one).certificate?.()).toBeUndefined()
  })

  test('a handshake that fails is told with the address of the client', async () => {
    const one = await broker(secure)
    const socket = await dial(one)
    socket.write(Buffer.concat([V1, Buffer.from('GET / HTTP/1.1\r\n\r\n')]))
    await closeOf(socket.resume())
    expect(refusals(one)).toEqual([
      expect.objectContaining({ remote: REMOTE, cause: expect.stringContaining('TLS handshake') }),
    ])
  })
})

describe('before a WebSocket', () => {
  test.each(['ws', 'wss'] as const)('%s', async (transport) => {
    const listener = { transport, port: 0, proxy, ...(transport === 'wss' && certificate) } as ListenerOptions
    const one = await broker(listener)
    const socket = await dial(one)
    socket.write(V2)
    const carrier =
      transport === 'ws'
        ? socket
        : connectTls({ socket, ca: certificate.cert, servername: 'localhost' }).on('error', () => {})
    const webSocket = new WebSocket('ws://localhost/', 'mqtt', { createConnection: () => carrier })
    webSocket.on('error', () => {})
    expect(await clientOn(createWebSocketStream(webSocket)).connect()).toMatchObject({ returnCode: 0 })
    const { remote, local, transport: told } = listenerOf(one)
    expect([remote, local, told]).toEqual([REMOTE, false, transport])
  })

  test('header and request in one packet', async () => {
    const one = await broker({ transport: 'ws', port: 0, proxy })
    const socket = await dial(one)
    const lines = ['GET / HTTP/1.1', 'host: x', 'connection: upgrade', 'upgrade: websocket']
    const mqtt = ['sec-websocket-version: 13', `sec-websocket-key: ${'A'.repeat(22)}==`]
    const request = [...lines, ...mqtt, 'sec-websocket-protocol: mqtt', '', ''].join('\r\n')
    socket.write(Buffer.concat([V1, Buffer.from(request)]))
    expect((await once(socket, 'data')).toString()).toContain('101 Switching Protocols')
    expect(listenerOf(one).remote).toBe(REMOTE)
  })
})

test('a Unix socket that a proxy opens is not local', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'broker')
  const one = await broker({ transport: 'unix', path, behindProxy: true }, { allowAnonymous: 'local' })
  expect(one.addresses[0].local).toBe(false)
  const answers = [V2, version2(0x20, 0, []), Buffer.from([0x10])].map(async (header) => {
    const socket = connect(path).on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(header)
    return (await clientOn(socket).connect()).returnCode
  })
  expect(
    (await Promise.allSettled(answers)).map(({ status, ...rest }) => ('value' in rest ? rest.value : status)),
  ).toEqual([5, 5, 'rejected'])
  expect(refusals(one)).toContainEqual(expect.objectContaining({ transport: 'unix', remote: REMOTE }))
})

test('a listener that a proxy reaches is not local, though it is on loopback', async () => {
  expect((await broker(TCP)).addresses[0].local).toBe(false)
  expect((await broker({ transport: 'tcp', port: 0 })).addresses[0].local).toBe(true)
})
