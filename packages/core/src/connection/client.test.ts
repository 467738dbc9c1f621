/** One connection: packets in order, one at a time, however many come and however handlers answer. */
import { Buffer } from 'node:buffer'
import type { StreamEnd } from '@mqtt-stack/testing'
import { acceptAll, settle, streamPair, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import type { Packet } from '../packets/packets.ts'

const COUNT = 100_000

/** `count` PUBLISH to `n`, each with its number as payload, in one chunk. */
function publishes(count: number): Buffer {
  const bytes = Buffer.alloc(count * 9)
  for (let i = 0; i < count; i++) {
    bytes.set([0x30, 7, 0, 1, 0x6e], i * 9)
    bytes.writeUInt32BE(i, i * 9 + 5)
  }
  return bytes
}

function numberOf(packet: Packet): number {
  if (packet.cmd !== 'publish' || packet.topic !== 'n' || packet.payload.length !== 4)
    throw new Error('not what was sent')
  return packet.payload.readUInt32BE()
}

/** Counts numbers that come in order: 0, 1, 2 ... */
class Counter {
  next = 0
  add(number: number): void {
    if (number !== this.next) throw new Error(`${number} in place of ${this.next}`)
    this.next++
  }
}

describe('100,000 PUBLISH in one chunk neither overflow, nor reorder, nor lose one', () => {
  const forms: Record<string, (counter: Counter) => Pick<MiddlewareLike, 'handle'>> = {
    'a handler that returns at once': (counter) => ({
      handle: (_client, packet) => counter.add(numberOf(packet)),
    }),
    'a handler that calls next at once': (counter) => ({
      handle(_client, packet, next) {
        counter.add(numberOf(packet))
        next()
      },
    }),
    'an async handler': (counter) => ({
      async handle(_client, packet) {
        await null
        counter.add(numberOf(packet))
      },
    }),
    'an async handler that calls next': (counter) => ({
      async handle(_client, packet, next) {
        await null
        counter.add(numberOf(packet))
        next()
      },
    }),
    'a handler that answers at once or later, in turn': (counter) => ({
      handle(_client, packet) {
        const number = numberOf(packet)
        if (number % 3 !== 0) return counter.add(number)
        return Promise.resolve().then(() => counter.add(number))
      },
    }),
    'a handler that calls next turns later, now and then': (counter) => ({
      handle(_client, packet, next) {
        const number = numberOf(packet)
        counter.add(number)
        if (number % 100 === 0) setImmediate(next)
        else next()
      },
    }),
  }

  it.each(Object.entries(forms))('for %s', async (_form, make) => {
    const counter = new Counter()
    const { client, logger } = await testStack(
      { name: 'First', handles: ['publish'], ...make(counter) },
      { name: 'Second', handles: ['publish'], handle() {} },
      acceptAll(),
    )
    const alice = await client()
    alice.raw(publishes(COUNT))
    await settle()
    expect(logger.lines).toEqual([])
    expect(counter.next).toBe(COUNT)
  })

  it('in a chunk for each byte', async () => {
    const counter = new Counter()
    const { client } = await testStack(
      { name: 'Count', handles: ['publish'], handle: (_client, packet) => counter.add(numberOf(packet)) },
      acceptAll(),
    )
    const alice = await client()
    for (const byte of publishes(1_000)) alice.raw([byte])
    await settle()
    expect(counter.next).toBe(1_000)
  })

  it('and the answers to all of them arrive', async () => {
    const { client, stack } = await testStack(
      {
        name: 'Echo',
        handles: ['publish'],
        handle: (from, packet) => {
          if (packet.cmd === 'publish') from.publish(packet, 0, false, false, 0)
        },
      },
      acceptAll(),
    )
    const alice = await client()
    const counter = new Counter()
    const sent = publishes(20_000)
    alice.raw(sent)
    await settle()
    for (const packet of alice.received.slice(1)) {
      if (packet.cmd === 'publish') counter.add((packet.payload as Buffer).readUInt32BE())
    }
    expect(counter.next).toBe(20_000)
    expect([...stack.clients][0].pending).toBe(0)
  })
})

describe('one at a time', () => {
  it('the next packet is handled after the last one was answered', async () => {
    const log: string[] = []
    const { client } = await testStack(
      {
        name: 'Slow',
        handles: ['publish'],
        async handle(_client, packet) {
          const name = packet.cmd === 'publish' ? packet.topic : ''
          log.push(`${name} begins`)
          await new Promise((resolve) => setImmediate(resolve))
          log.push(`${name} ends`)
        },
      },
      acceptAll(),
    )
    const alice = await client()
    void alice.publish('one')
    void alice.publish('two')
    await alice.publish('three')
    expect(log).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends'])
  })

  it('clients do not wait for each other', async () => {
    const log: string[] = []
    const { client } = await testStack(
      {
        name: 'Never',
        handles: ['publish'],
        handle(from) {
          log.push(from.id)
          return from.id === 'slow' ? new Promise(() => {}) : undefined
        },
      },
      acceptAll(),
    )
    const [slow, fast] = [await client({ clientId: 'slow' }), await client({ clientId: 'fast' })]
    await slow.publish('a')
    await slow.publish('a')
    await fast.publish('a')
    await fast.publish('a')
    expect(log).toEqual(['slow', 'fast', 'fast'])
  })

  it('packets are handled behind CONNECT, also when they come in one chunk with it', async () => {
    const log: string[] = []
    const { open } = await testStack(
      {
        name: 'Slow',
        async handle(_client, packet) {
          await new Promise((resolve) => setImmediate(resolve))
          log.push(packet.cmd)
        },
      },
      acceptAll(),
    )
    const alice = open()
    void alice.connect()
    alice.send({ cmd: 'pingreq' })
    await alice.publish('a')
    expect(log).toEqual(['connect', 'pingreq', 'publish'])
  })
})

describe('a client', () => {
  /** A stack whose Client and stream are at hand. */
  async function connected(
    ...middlewares: MiddlewareLike[]
  ): Promise<{ client: Client; broker: StreamEnd; device: StreamEnd }> {
    const { stack } = await testStack(...middlewares, acceptAll())
    const [device, broker] = streamPair()
    return { client: stack.connect(broker, { transport: 'memory', local: true }), broker, device }
  }

  it('knows where it comes from, when bytes came last, and how long it has been silent', async () => {
    const { client, clock, stack } = await testStack(acceptAll())
    const alice = await client({ listener: { transport: 'tls', local: false, remote: '192.0.2.7' } })
    const [{ listener }] = stack.clients
    const [from] = stack.clients
    expect(listener).toEqual({ transport: 'tls', local: false, remote: '192.0.2.7' })
    await clock.advance(1_000)
    await alice.publish('a')
    expect(from.receivedAt).toBe(1_000)
    await clock.advance(500)
    expect(from.silentFor(clock.now())).toBe(500)
  })

  it('is not silent while a handler keeps it waiting', async () => {
    const { client, clock, stack } = await testStack(
      { name: 'Never', handles: ['publish'], handle: () => new Promise(() => {}) },
      acceptAll(),
    )
    const alice = await client()
    await alice.publish('a')
    await clock.advance(5_000)
    expect([...stack.clients][0].silentFor(clock.now())).toBe(0)
  })

  it('has the protocol version of its CONNECT', async () => {
    const { client, stack } = await testStack(acceptAll())
    await client({ protocolVersion: 3 })
    await client({ protocolVersion: 4 })
    expect([...stack.clients].map(({ protocolVersion }) => protocolVersion)).toEqual([3, 4])
  })

  it('is disturbed by nothing that comes before a listener reads it', async () => {
    const { client, device } = await connected()
    expect(client.closed).toBe(false)
    device.write(Buffer.from([0xc0, 0]))
    await settle()
    expect(client.closed).toBe(true)
  })

  it('may be diverted by install: its packets go to one handler, past everybody', async () => {
    const diverted: string[] = []
    const log: string[] = []
    const { open } = await testStack(
      {
        name: 'Legacy',
        install: (from) => from.divert((packet) => diverted.push(packet.cmd)),
      },
      { name: 'Other', install: () => void log.push('install'), handle: () => void log.push('handle') },
    )
    const alice = open()
    void alice.connect()
    await alice.publish('a')
    expect([diverted, log]).toEqual([['connect', 'publish'], []])
  })

  it('that is diverted to a handler that throws is closed', async () => {
    const { open, logger } = await testStack({
      name: 'Legacy',
      install: (from) =>
        from.divert(() => {
          throw new Error('no')
        }),
    })
    const alice = open()
    void alice.connect()
    await alice.closed
    expect(logger.errors).toEqual(['no'])
  })

  it('has its packets frozen in a strict stack, PUBLISH included', async () => {
    const errors: Error[] = []
    const { client } = await testStack({
      use: [
        {
          name: 'Meddler',
          handles: ['subscribe', 'publish', 'puback'],
          handle(_from, packet) {
            if (packet.cmd === 'subscribe') (packet.subscriptions[0] as { topic: string }).topic = 'mine'
            else if (packet.cmd === 'publish') (packet as { topic: string }).topic = 'mine'
            else (packet as { packetId: number }).packetId = 1
          },
        },
        acceptAll(),
      ],
      options: { errorHandler: (error) => void errors.push(error) },
    })
    const alice = await client()
    alice.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] })
    alice.send({ cmd: 'puback', messageId: 2 })
    await alice.publish('a')
    expect(errors).toHaveLength(3)
    for (const error of errors) expect(error).toBeInstanceOf(TypeError)
  })

  it('keeps a PUBLISH able to own its bytes in a strict stack', async () => {
    const kept: string[] = []
    const { client } = await testStack(
      {
        name: 'Keeper',
        handles: ['publish'],
        handle: (_from, packet) => {
          if (packet.cmd === 'publish') kept.push(String(packet.own().payload))
        },
      },
      acceptAll(),
    )
    const alice = await client()
    await alice.publish('a', 'hello')
    expect(kept).toEqual(['hello'])
  })
})
