/** A broker on a path of a web server that somebody has already: real servers, real clients. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer, request } from 'node:http'
import { createServer as createSecureServer, request as requestSecure } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { TestClient } from '@mqtt-stack/testing'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws'
import { testBroker } from '../../../../test/rig/broker.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { AttachOptions } from './attachment.ts'

const certificate = createCertificate('localhost')

/** Somebody's web server, which greets. */
async function webServer(server: Server = createServer()): Promise<Server> {
  server.on('request', (_request, response) => response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

function open(server: Server, path = '/mqtt', headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(server)}${path}`, 'mqtt', { headers })
  onTestFinished(() => socket.terminate())
  return socket.on('error', () => {})
}

const clientOn = (socket: WebSocket): TestClient =>
  new TestClient(createWebSocketStream(socket), { patience: 10_000 })

/** The HTTP status that an upgrade is refused with. */
async function statusOf(socket: WebSocket): Promise<number> {
  const [error] = await once(socket, 'error').catch((cause) => [cause])
  return Number(/\d+$/.exec((error as Error).message)?.[0])
}

describe('on somebody’s server', () => {
  test('MQTT.js connects to the path, and pages are still served', async () => {
    const server = await webServer()
    const broker = testBroker()
    await broker.attach(server, { path: '/broker', name: 'web' })
    const client = await connectAsync(`ws://127.0.0.1:${portOf(server)}/broker?x=1`)
    onTestFinished(() => void client.end(true))
    await client.publishAsync('a', 'b', { qos: 1 })
    const [{ listener }] = broker.stack.clients
    const { transport, local, name, remote } = listener
    expect([transport, local, name]).toEqual(['ws', true, 'web'])
    expect([listener.request?.url, remote]).toEqual(['/broker?x=1', expect.stringMatching(/^127\.0\.0\.1:/)])
    const [response] = await once(request({ port: portOf(server), host: '127.0.0.1' }).end(), 'response')
    expect([response.statusCode, (await once(response, 'data')).toString()]).toEqual([200, 'hello'])
  })

  test('over HTTPS', async () => {
    const server = await webServer(createSecureServer(certificate))
    const broker = testBroker()
    await broker.attach(server)
    const url = `wss://localhost:${portOf(server)}/mqtt`
    const client = await connectAsync(url, { ca: certificate.cert, servername: 'localhost' })
    onTestFinished(() => void client.end(true))
    const [{ listener }] = broker.stack.clients
    expect([listener.transport, listener.tls?.version]).toEqual(['wss', 'TLSv1.3'])
    const asked = { port: portOf(server), host: '127.0.0.1', ca: certificate.cert, servername: 'localhost' }
    const [response] = await once(requestSecure(asked).end(), 'response')
    expect(response.statusCode).toBe(200)
  })

  test('upgrades of other paths are left to others', async () => {
    const server = await webServer()
    const others = new WebSocketServer({ noServer: true })
    server.on('upgrade', (asked, socket, head) => {
      if (asked.url === '/chat') others.handleUpgrade(asked, socket, head, (one) => one.send('chat'))
    })
    await testBroker().attach(server)
    const chat = open(server, '/chat')
    expect((await once(chat, 'message')).toString()).toContain('chat')
    expect(await clientOn(open(server)).connect()).toMatchObject({ returnCode: 0 })
  })

  test('where there are no others, they are answered', async () => {
    const server = await webServer()
    await testBroker().attach(server)
    expect(await statusOf(open(server, '/chat'))).toBe(404)
    expect(await statusOf(open(server, '/mqtt/more'))).toBe(404)
  })

  test('two brokers have a path each', async () => {
    const server = await webServer()
    const [one, two] = [testBroker(), testBroker()]
    await one.attach(server, { path: '/one' })
    await two.attach(server, { path: '/two' })
    for (const [broker, path] of [
      [one, '/one'],
      [two, '/two'],
    ] as const) {
      await clientOn(open(server, path)).connect()
      expect(broker.stack.clients.size).toBe(1)
    }
  })

  test('origins, X-Forwarded-For and providers are as on a listener', async () => {
    const server = await webServer()
    const doorman: MiddlewareLike = {
      name: 'Doorman',
      authenticateConnection: (_ctx, store) => {
        store.valid = true
      },
    }
    const broker = testBroker({ use: [doorman], allowAnonymous: 'local', authorize: false })
    await broker.attach(server, {
      path: '/known',
      forwardedFor: { from: ['127.0.0.1'] },
      providers: ['Doorman'],
      origins: ['https://app.example'],
    })
    await broker.attach(server, { path: '/local', providers: ['Anonymous'] })
    const forwarded = { 'x-forwarded-for': '192.0.2.1' }
    const origin = 'https://app.example'
    expect(await clientOn(open(server, '/known', { ...forwarded, origin })).connect()).toMatchObject({
      returnCode: 0,
    })
    const [{ listener }] = broker.stack.clients
    expect([listener.remote, listener.local]).toEqual(['192.0.2.1', false])
    expect(await statusOf(open(server, '/known', { origin: 'https://evil.example' }))).toBe(403)
    expect(await statusOf(open(server, '/local', { origin }))).toBe(403)
    // Somebody has passed it on: not from this machine.
    expect(await clientOn(open(server, '/local', forwarded)).connect()).toMatchObject({ returnCode: 5 })
    const { lines } = broker.stack.config.logger as RecordingLogger
    expect(lines.filter(({ message }) => message === 'client refused')).toHaveLength(3)
  })

  test('clients that come before the stack has started wait for it', async () => {
    const server = await webServer()
    let go = (): void => {}
    const slow: MiddlewareLike = { name: 'Slow', start: () => new Promise((resolve) => (go = resolve)) }
    const broker = testBroker({ use: [slow] })
    const attached = broker.attach(server)
    const socket = open(server)
    await once(socket, 'open')
    go()
    await attached
    expect(await clientOn(socket).connect()).toMatchObject({ returnCode: 0 })
  })
})

describe('an end', () => {
  test('close() closes its clients, takes it off the server, and leaves that open', async () => {
    const server = await webServer()
    const broker = testBroker()
    await broker.attach(server)
    const socket = open(server)
    const closed = once(socket, 'close')
    await clientOn(socket).connect()
    await broker.close()
    await closed
    expect(server.listenerCount('upgrade')).toBe(0)
    const [response] = await once(request({ port: portOf(server), host: '127.0.0.1' }).end(), 'response')
    expect(response.statusCode).toBe(200)
    const again = testBroker()
    await again.attach(server)
    expect(await clientOn(open(server)).connect()).toMatchObject({ returnCode: 0 })
  })

  test('close() cuts off who does not hang up', async () => {
    const server = await webServer()
    const broker = testBroker()
    await broker.attach(server)
    const lines = ['GET /mqtt HTTP/1.1', 'host: x', 'connection: upgrade', 'upgrade: websocket']
    const mqtt = ['sec-websocket-version: 13', `sec-websocket-key: ${'A'.repeat(22)}==`]
    const asked = request({
      port: portOf(server),
      host: '127.0.0.1',
      path: '/mqtt',
      headers: headersOf([...lines.slice(1), ...mqtt]),
    })
    const [, socket] = (await once(asked.end(), 'upgrade')) as [unknown, Socket]
    const closed = once(socket.on('error', () => {}).resume(), 'close')
    await broker.close()
    await closed
  })

  test('what attach() returns takes no new clients, and keeps those that are there', async () => {
    const server = await webServer()
    const broker = testBroker()
    const detach = await broker.attach(server)
    const client = clientOn(open(server))
    await client.connect()
    detach()
    detach()
    expect(server.listenerCount('upgrade')).toBe(0)
    await client.ping()
    await broker.attach(server)
    expect(await clientOn(open(server)).connect({ clientId: 'other' })).toMatchObject({ returnCode: 0 })
  })

  test('a stack that does not start leaves the server as it was', async () => {
    const server = await webServer()
    const failing: MiddlewareLike = { name: 'Failing', start: () => Promise.reject(new Error('no')) }
    await expect(testBroker({ use: [failing] }).attach(server)).rejects.toThrow()
    expect(server.listenerCount('upgrade')).toBe(0)
  })

  test('a closed broker is attached to nothing', async () => {
    const broker = testBroker()
    await broker.close()
    await expect(broker.attach(createServer())).rejects.toMatchObject({ code: 'STACK_STOPPED' })
  })
})

describe('what cannot be meant is refused', () => {
  test.each<[AttachOptions, string]>([
    [{ path: 'mqtt' }, 'attach: option "path" must begin with "/", not "mqtt"'],
    [
      { origins: ['app.example'] },
      'attach: option "origins" has "app.example", which is no origin: write it as https://app.example.com, or * for all',
    ],
    [
      { providers: ['Nobody'] },
      'attach: option "providers" names "Nobody", and no middleware of that name says who clients are (known: Anonymous)',
    ],
    [
      { port: 1 } as AttachOptions,
      'attach: unknown option "port" (known: name, providers, limits, path, origins, forwardedFor, maxPayload)',
    ],
  ])('%j', async (options, message) => {
    const server = createServer()
    await expect(testBroker().attach(server, options)).rejects.toThrow(message)
    expect(server.listenerCount('upgrade')).toBe(0)
  })

  test('a path that a broker serves already', async () => {
    const server = createServer()
    await testBroker().attach(server)
    await expect(testBroker().attach(server)).rejects.toThrow(
      'attach: a broker serves /mqtt of this server already: choose another path',
    )
  })

  test('what is no server', async () => {
    await expect(testBroker().attach(undefined as unknown as Server)).rejects.toThrow(
      'attach: give a server of node:http or node:https',
    )
  })
})

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries([...lines, 'sec-websocket-protocol: mqtt'].map((line) => line.split(': ')))
}
