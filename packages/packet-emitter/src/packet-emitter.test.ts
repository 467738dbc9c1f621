/** Clients handed to legacy code, and those that are not. */
import type { Client, MiddlewareLike } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { ClientEmitter, ClientHandler } from './index.ts'
import { PacketEmitter } from './index.ts'

interface Setup extends TestStack {
  emitter: PacketEmitter
  /** What the middlewares behind it saw. */
  seen: string[]
}

async function setup(handler?: ClientHandler): Promise<Setup> {
  const emitter = new PacketEmitter()
  emitter.setClientHandler(handler)
  const seen: string[] = []
  const other: MiddlewareLike = {
    name: 'Other',
    install: () => void seen.push('install'),
    handle: (_client: Client, { cmd }) => void seen.push(cmd),
  }
  const test = await testStack(emitter, other, acceptAll())
  stopAtEnd(test)
  return Object.assign(test, { emitter, seen })
}

/** A broker of the old kind: connected clients in an object, everything to everybody. */
function legacyBroker(): { handle: ClientHandler; events: string[] } {
  const clients: Record<string, ClientEmitter> = {}
  const events: string[] = []
  const handle: ClientHandler = (client) => {
    let id = ''
    client.on('connect', (packet) => {
      id = packet.clientId
      clients[id] = client
      client.connack({ returnCode: 0, sessionPresent: false })
    })
    client.on('publish', (packet) => {
      if (packet.qos === 1) client.puback({ packetId: packet.packetId })
      if (packet.qos === 2) client.pubrec({ packetId: packet.packetId })
      for (const one of Object.values(clients)) one.publish({ topic: packet.topic, payload: packet.payload })
    })
    client.on('pubrel', ({ packetId }) => client.pubcomp({ packetId }))
    client.on('pubrec', ({ packetId }) => client.pubrel({ packetId }))
    client.on('subscribe', ({ packetId, subscriptions }) => {
      client.suback({ packetId, granted: subscriptions.map(({ qos }: { qos: number }) => qos) })
    })
    client.on('unsubscribe', ({ packetId }) => client.unsuback({ packetId, granted: [] }))
    client.on('pingreq', () => client.pingresp())
    client.on('disconnect', () => client.destroy())
    client.on('close', () => {
      events.push(`close ${id}`)
      delete clients[id]
    })
    return true
  }
  return { handle, events }
}

describe('before a handler is set', () => {
  it('nothing is different', async () => {
    const { client, seen } = await setup()
    await client()
    expect(seen).toEqual(['install', 'connect'])
  })

  it('and after it was taken away', async () => {
    const { client, seen, emitter } = await setup(() => true)
    emitter.setClientHandler(undefined)
    await client()
    expect(seen).toEqual(['install', 'connect'])
  })
})

describe('a client that the handler claims', () => {
  it('reaches no other middleware', async () => {
    const { handle } = legacyBroker()
    const { client, seen } = await setup(handle)
    const device = await client()
    await device.subscribe('t')
    await device.publish('t', 'hello', { qos: 1 })
    await device.ping()
    await device.disconnect()
    expect(seen).toEqual([])
  })

  it('is served by code that knows events and methods alone', async () => {
    const { handle, events } = legacyBroker()
    const { client } = await setup(handle)
    const alice = await client({ clientId: 'alice' })
    const bob = await client({ clientId: 'bob' })
    expect(await bob.subscribe(['a', 'b'], { qos: 1 })).toMatchObject({ granted: [1, 1] })
    expect(await bob.unsubscribe('b')).toMatchObject({ cmd: 'unsuback' })
    expect(await alice.publish('a', 'one', { qos: 1 })).toMatchObject({ cmd: 'puback' })
    expect(await alice.publish('a', 'two', { qos: 2 })).toMatchObject({ cmd: 'pubcomp' })
    expect(await bob.message()).toMatchObject({ topic: 'a', payload: 'one', qos: 0 })
    expect(await bob.message()).toMatchObject({ topic: 'a', payload: 'two', qos: 0 })
    await bob.ping()
    await bob.disconnect()
    await alice.drop()
    expect(events).toEqual(['close bob', 'close alice'])
  })

  it('may be sent every QoS, with the flags that are asked for', async () => {
    let claimed: ClientEmitter | undefined
    const { client, settle } = await setup((one) => {
      claimed = one
      one.on('connect', () => one.connack({ returnCode: 0, sessionPresent: false }))
      one.on('pubrec', ({ packetId }) => one.pubrel({ packetId }))
      return true
    })
    const device = await client()
    const acknowledged: string[] = []
    for (const event of ['puback', 'pubrec', 'pubcomp'])
      claimed?.on(event, ({ packetId }) => acknowledged.push(`${event} ${packetId}`))
    claimed?.publish({ topic: 't', payload: 'x', qos: 1, packetId: 7, retain: true })
    claimed?.publish({ topic: 't', payload: 'y', qos: 2, packetId: 8, dup: true })
    await settle()
    expect(await device.message()).toMatchObject({ payload: 'x', qos: 1, retain: true, dup: false })
    expect(await device.message()).toMatchObject({ payload: 'y', qos: 2, retain: false, dup: true })
    expect(acknowledged).toEqual(['puback 7', 'pubrec 8', 'pubcomp 8'])
  })

  it('may be refused', async () => {
    const { open } = await setup((one) => {
      one.on('connect', () => {
        one.connack({ returnCode: 5, sessionPresent: false })
        one.destroy()
      })
      return true
    })
    const device = open()
    expect(await device.connect()).toMatchObject({ returnCode: 5 })
    await device.closed
  })

  it('tells its end once, with the error if there was one', async () => {
    const causes: unknown[] = []
    const { connection, settle } = await setup((one) => {
      one.on('close', (cause) => causes.push(cause))
      return true
    })
    const { stream } = connection()
    const { stream: other } = connection()
    stream.on('error', () => {})
    await settle()
    stream.reset()
    other.end()
    await settle()
    expect(causes).toEqual([expect.objectContaining({ code: 'ECONNRESET' }), undefined])
  })

  it('is closed for what is malformed, as anybody is', async () => {
    const { handle, events } = legacyBroker()
    const { client, open, settle } = await setup(handle)
    const first = open()
    first.raw([0x30, 3, 0, 1, 0x74])
    await first.closed
    const second = await client({ clientId: 'second' })
    second.raw([0x32, 3, 0, 1, 0x74])
    await second.closed
    await settle()
    expect(events).toEqual(['close ', 'close second'])
  })

  it('is closed when its listener throws; the others go on', async () => {
    const { handle } = legacyBroker()
    const { client, logger } = await setup((one) => {
      one.on('publish', ({ topic }) => {
        if (topic === 'bad') throw new Error('legacy')
      })
      return handle(one)
    })
    const alice = await client()
    const bob = await client()
    alice.send({ cmd: 'publish', topic: 'bad', payload: '', qos: 0, retain: false, dup: false })
    await alice.closed
    expect(logger.errors.join()).toContain('legacy')
    await bob.ping()
  })

  it('is closed when the stack stops', async () => {
    const { handle } = legacyBroker()
    const { client, stack } = await setup(handle)
    const device = await client()
    await stack.stop()
    await device.closed
  })
})

describe('a client that the handler does not claim', () => {
  it('goes on as if nobody were there; each connection is asked for', async () => {
    const { handle } = legacyBroker()
    let asked = 0
    const { client, seen } = await setup((one) => asked++ % 2 === 0 && handle(one))
    const legacy = await client()
    const other = await client()
    await legacy.ping()
    other.send({ cmd: 'pingreq' })
    await other.publish('t', 'hello')
    expect(asked).toBe(2)
    expect(seen).toEqual(['install', 'connect', 'pingreq', 'publish'])
  })

  it('may be recognised by where it came in', async () => {
    const { handle } = legacyBroker()
    const { client, seen } = await setup((one) => one.client.listener.transport === 'old' && handle(one))
    await client({ listener: { transport: 'old', local: true } })
    expect(seen).toEqual([])
    await client()
    expect(seen).toEqual(['install', 'connect'])
  })

  it('is closed when the handler throws', async () => {
    const { open, logger, seen } = await setup(() => {
      throw new Error('legacy')
    })
    await open().closed
    expect(logger.errors.join()).toContain('legacy')
    expect(seen).toEqual([])
  })
})
