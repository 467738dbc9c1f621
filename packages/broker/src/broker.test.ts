import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { DONE } from '@mqtt-stack/core'
import { TestClient } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker, memoryClient, testBroker } from '../../../test/rig/broker.ts'

const PORT = { transport: 'tcp', port: 0 } as const

/** A server that has taken a port. */
async function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** A connected socket whose errors are its own. */
async function socketTo(port = 0, allowHalfOpen = false, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

describe('listen', () => {
  test('resolves with the addresses it got', async () => {
    const broker = testBroker({ listeners: [PORT, { ...PORT, host: 'localhost' }] })
    expect(broker.addresses).toEqual([])
    const addresses = await broker.listen()
    expect(addresses).toHaveLength(2)
    for (const { port, url, local } of addresses) {
      expect(port).toBeGreaterThan(0)
      expect(url).toContain(`:${port}`)
      expect(local).toBe(true)
      const client = new TestClient(await socketTo(port), { patience: 10_000 })
      expect(await client.connect()).toMatchObject({ returnCode: 0 })
    }
    expect(broker.addresses).toBe(addresses)
  })

  test('all addresses are not local; who comes from this machine still is', async () => {
    const [address] = await testBroker({ listeners: [{ ...PORT, host: '0.0.0.0' }] }).listen()
    expect(address.local).toBe(false)
    const client = new TestClient(await socketTo(address.port), { patience: 10_000 })
    expect(await client.connect()).toMatchObject({ returnCode: 0 })
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    if (outer === undefined) return
    const other = new TestClient(await socketTo(address.port, false, outer.address), { patience: 10_000 })
    expect(await other.connect()).toMatchObject({ returnCode: 5 })
  })

  test('a taken port is named, nothing else stays open, and it may be tried again', async () => {
    const { server, port } = await taken()
    const broker = testBroker({ listeners: [PORT, { transport: 'tcp', port }] })
    const failure = { code: 'LISTEN_FAILED', message: expect.stringContaining(`127.0.0.1:${port} is taken`) }
    await expect(broker.listen()).rejects.toMatchObject(failure)
    expect(broker.addresses).toEqual([])
    server.close()
    await once(server, 'close')
    expect((await broker.listen())[1].port).toBe(port)
  })

  test('an address of somebody else is named', async () => {
    const broker = testBroker({ listeners: [{ ...PORT, host: '192.0.2.1' }] })
    const message = expect.stringContaining('192.0.2.1:0 is no address of this machine')
    await expect(broker.listen()).rejects.toMatchObject({ code: 'LISTEN_FAILED', message })
  })

  test('twice is an error', async () => {
    const broker = await listeningBroker()
    await expect(broker.listen()).rejects.toMatchObject({ code: 'STACK_RUNNING' })
  })
})

describe('close', () => {
  test('ends connections and frees the port; twice is fine', async () => {
    const broker = await listeningBroker()
    const [{ port }] = broker.addresses
    const client = new TestClient(await socketTo(port), { patience: 10_000 })
    await client.connect()
    await Promise.all([broker.close(), broker.close()])
    await client.closed
    expect(broker.addresses).toEqual([])
    expect(broker.stack.clients.size).toBe(0)
    const refused = connect(port as number, '127.0.0.1')
    expect((await once(refused, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' })
    await broker.close()
  })

  test('before and during listen', async () => {
    await testBroker().close()
    const broker = testBroker({ listeners: [PORT] })
    const listening = broker.listen()
    await broker.close()
    await listening
    expect(broker.addresses).toEqual([])
  })

  test('afterwards nothing goes', async () => {
    const broker = await listeningBroker()
    await broker.close()
    await expect(broker.listen()).rejects.toMatchObject({ code: 'STACK_STOPPED' })
    await expect(broker.publish('a', 'b')).rejects.toMatchObject({ code: 'STACK_STOPPED' })
  })

  test('in the middle of a storm of connects', async () => {
    const broker = await listeningBroker()
    const [{ port }] = broker.addresses
    const sockets = Array.from({ length: 100 }, () =>
      connect(port as number, '127.0.0.1').on('error', () => {}),
    )
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of sockets) new TestClient(socket).connect().catch(() => {})
    await once(sockets[0], 'connect')
    await broker.close()
    await Promise.all(closed)
    expect(broker.stack.clients.size).toBe(0)
  })

  test('clients that hang are cut off', async () => {
    const broker = await listeningBroker()
    // Never hangs up.
    const client = new TestClient(await socketTo(broker.addresses[0].port, true), { patience: 10_000 })
    await client.connect()
    await broker.close()
  })
})

describe('publish', () => {
  test('reaches subscribers, and tells how many', async () => {
    const broker = testBroker()
    const client = memoryClient(broker)
    await client.connect()
    await client.subscribe('news/#', { qos: 1 })
    expect(await broker.publish('news/today', 'rain', { qos: 1 })).toMatchObject({ matched: 1, dropped: 0 })
    expect(await client.message()).toMatchObject({
      topic: 'news/today',
      payload: 'rain',
      qos: 1,
      retain: false,
    })
    expect(await broker.publish('olds', Buffer.of(1))).toMatchObject({ matched: 0 })
  })

  test('retains, before anybody came', async () => {
    const broker = testBroker()
    await broker.publish('news/today', 'sun', { retain: true })
    const client = memoryClient(broker)
    await client.connect()
    await client.subscribe('news/+')
    expect(await client.message()).toMatchObject({ payload: 'sun', retain: true })
  })

  test.each(['', 'a/+', '#', 'a\u0000b', '/'.repeat(64), 'x'.repeat(4_097)])('not to %j', async (topic) => {
    await expect(testBroker().publish(topic, '')).rejects.toMatchObject({ code: 'TOPIC_INVALID' })
  })

  test('may be vetoed, and changed', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      relayMessage(ctx) {
        if (ctx.topic.startsWith('secret')) return DONE
        ctx.packet = ctx.packet.with({ payload: 'changed' })
        return undefined
      },
    }
    const broker = testBroker({ use: [rule] })
    const published: string[] = []
    broker.on('published', ({ packet }) => published.push(`${packet.topic} ${packet.payload}`))
    expect(await broker.publish('secret/a', 'x', { retain: true })).toMatchObject({
      vetoed: true,
      matched: 0,
    })
    expect(await broker.publish('a', 'x')).toMatchObject({ vetoed: false })
    expect(published).toEqual(['a changed'])
  })

  test('in a stack that its handler started', async () => {
    const broker = testBroker()
    const server = createServer(broker.stack.handler({ transport: 'mine', local: true })).listen(
      0,
      '127.0.0.1',
    )
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const socket = await socketTo((server.address() as AddressInfo).port)
    const client = new TestClient(socket, { patience: 10_000 })
    await client.connect()
    await client.subscribe('a')
    expect(await broker.publish('a', 'b')).toMatchObject({ matched: 1 })
    expect(await client.message()).toMatchObject({ payload: 'b' })
  })
})
