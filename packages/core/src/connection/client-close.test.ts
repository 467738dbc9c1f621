/** How a connection ends, on either side, and what is promised of it. */
import { Buffer } from 'node:buffer'
import type { StreamEnd, TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { ReasonCode } from '../packets/reason-codes.ts'

/** Notes packets as they are answered, and the close; each packet takes `turns` turns. */
function noted(log: string[], turns = 0): MiddlewareLike {
  return {
    name: 'Noted',
    handles: ['publish'],
    install: (client) =>
      client.onClose((cause) => log.push(`closed${cause === undefined ? '' : `: ${cause.message}`}`)),
    async handle(_client, packet) {
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      if (packet.cmd === 'publish') log.push(packet.topic)
    },
  }
}

/** A handler that answers when it is told to. */
function held(): { middleware: MiddlewareLike; release: () => void } {
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  return { middleware: { name: 'Held', handles: ['publish'], handle: () => gate }, release: () => release() }
}

/** The one connection of a stack, as core sees it. */
function only({ stack }: TestStack): { client: Client; stream: StreamEnd } {
  const [client] = stack.clients
  return { client, stream: client.stream as StreamEnd }
}

const SPACE = { payload: '', qos: 0, retain: false, dup: false } as const

describe('when the other side closes', () => {
  it.each([0, 1, 3])('packets that came before are handled before onClose (%i turns each)', async (turns) => {
    const log: string[] = []
    const { client } = await testStack(noted(log, turns), acceptAll())
    const alice = await client()
    for (const topic of ['one', 'two', 'three']) alice.send({ cmd: 'publish', topic, ...SPACE })
    await alice.drop()
    expect(log).toEqual(['one', 'two', 'three', 'closed'])
  })

  it('onClose waits for the handler under way', async () => {
    const log: string[] = []
    const { middleware, release } = held()
    const { client, stack } = await testStack(middleware, noted(log), acceptAll())
    const alice = await client()
    await alice.publish('one')
    await alice.drop()
    expect(log).toEqual([])
    expect(stack.clients.size).toBe(1)
    release()
    await settle()
    expect(log).toEqual(['one', 'closed'])
    expect(stack.clients.size).toBe(0)
  })

  it('a half close is a close: what came before it is answered', async () => {
    const { client } = await testStack(
      { name: 'Pong', handles: ['pingreq'], handle: (from) => from.write({ cmd: 'pingresp' }) },
      acceptAll(),
    )
    const alice = await client()
    alice.send({ cmd: 'pingreq' })
    alice.stream.end()
    await alice.closed
    expect(alice.received.map(({ cmd }) => cmd)).toEqual(['connack', 'pingresp'])
  })

  it('the error of the stream is the cause', async () => {
    const log: string[] = []
    const { client } = await testStack(noted(log), acceptAll())
    const alice = await client()
    ;(alice.stream as StreamEnd).reset()
    await alice.closed
    await settle()
    expect(log).toEqual(['closed: read ECONNRESET'])
  })

  it('a packet that is not whole is forgotten', async () => {
    const log: string[] = []
    const { client, logger } = await testStack(noted(log), acceptAll())
    const alice = await client()
    alice.raw([0x30, 20, 0, 1])
    await alice.drop()
    expect(log).toEqual(['closed'])
    expect(logger.errors).toEqual([])
  })
})

describe('when the stack closes', () => {
  it('what was written arrives, and then the end', async () => {
    const { client } = await testStack(
      {
        name: 'Last',
        handles: ['pingreq'],
        handle(from) {
          from.write({ cmd: 'pingresp' })
          from.close()
        },
      },
      acceptAll(),
    )
    const alice = await client()
    await alice.ping()
    expect(await alice.closed).toBeUndefined()
  })

  it('what was received and not handled is forgotten', async () => {
    const log: string[] = []
    const { client } = await testStack(
      {
        name: 'Closer',
        handles: ['publish'],
        handle(from, packet) {
          if (packet.cmd === 'publish' && packet.topic === 'two') from.close()
        },
      },
      noted(log),
      acceptAll(),
    )
    const alice = await client()
    for (const topic of ['one', 'two', 'three']) alice.send({ cmd: 'publish', topic, ...SPACE })
    await alice.closed
    expect(log).toEqual(['one', 'two', 'closed'])
  })

  it('onClose is called once, however often it is closed, and by whomever', async () => {
    const log: string[] = []
    const test = await testStack(noted(log), acceptAll())
    const alice = await test.client()
    const { client } = only(test)
    client.close()
    client.close(ReasonCode.UNSPECIFIED_ERROR)
    await alice.drop()
    expect(log).toEqual(['closed'])
  })

  it('onClose waits for the handler under way', async () => {
    const log: string[] = []
    const { middleware, release } = held()
    const test = await testStack(middleware, noted(log), acceptAll())
    const alice = await test.client()
    await alice.publish('one')
    only(test).client.close()
    await settle()
    expect(log).toEqual([])
    release()
    await settle()
    expect(log).toEqual(['one', 'closed'])
  })

  it('onClose does not wait for ever for it; a late answer does no harm', async () => {
    const log: string[] = []
    const { middleware, release } = held()
    const test = await testStack(middleware, noted(log), acceptAll())
    const alice = await test.client()
    await alice.publish('one')
    only(test).client.close()
    await test.advance(test.stack.config.stallTimeout + 1_000)
    expect(log).toEqual(['closed'])
    release()
    await alice.closed
    await settle()
    expect(log).toEqual(['closed'])
    expect(test.stack.clients.size).toBe(0)
  })

  it('a listener that comes when all is over is called at once', async () => {
    const test = await testStack(acceptAll())
    const alice = await test.client()
    const { client } = only(test)
    await alice.drop()
    let called = false
    client.onClose(() => {
      called = true
    })
    expect(called).toBe(true)
  })

  it('nothing is written any more', async () => {
    const test = await testStack(acceptAll())
    const alice = await test.client()
    const { client } = only(test)
    client.close()
    client.write({ cmd: 'pingresp' })
    client.ack('puback', 1)
    await alice.closed
    expect(alice.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it('the cause is what was given', async () => {
    const log: string[] = []
    const test = await testStack(noted(log), acceptAll())
    const alice = await test.client()
    const { client } = only(test)
    client.close(ReasonCode.UNSPECIFIED_ERROR, { cause: new Error('enough') })
    await alice.closed
    expect([log, client.reasonCode]).toEqual([['closed: enough'], ReasonCode.UNSPECIFIED_ERROR])
  })

  it('the connection is cut off when the other side does not hang up in two seconds', async () => {
    const test = await testStack(acceptAll())
    const alice = await test.client()
    const { client, stream } = only(test)
    alice.freeze()
    client.close()
    await test.advance(1_999)
    expect(stream.destroyed).toBe(false)
    await test.advance(1)
    expect(stream.destroyed).toBe(true)
    await alice.closed
    expect(test.clock.timers).toBe(1)
  })

  it('bytes that still come are dropped, so that ours arrive', async () => {
    const { middleware } = held()
    const test = await testStack(middleware, acceptAll())
    const alice = await test.client()
    await alice.publish('one')
    // More than is taken while a handler is busy: the stream is paused.
    for (let i = 0; i < 3; i++) alice.raw(Buffer.alloc(200_000))
    await settle()
    expect(alice.stream.writableLength).toBeGreaterThan(0)
    const { client } = only(test)
    client.write({ cmd: 'pingresp' })
    client.close()
    expect((await alice.next('pingresp')).cmd).toBe('pingresp')
    await alice.closed
  })
})

describe('a refusal', () => {
  it.each([
    [ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, 1],
    [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, 2],
    [ReasonCode.SERVER_UNAVAILABLE, 3],
    [ReasonCode.SERVER_BUSY, 3],
    [ReasonCode.BAD_USER_NAME_OR_PASSWORD, 4],
    [ReasonCode.NOT_AUTHORIZED, 5],
    [ReasonCode.BANNED, 5],
  ])(
    'before acceptance tells reason %i as return code %i [MQTT-3.2.2-4] [MQTT-3.2.2-5]',
    async (reason, code) => {
      const { open } = await testStack({ name: 'Refuse', handle: (from) => from.close(reason) })
      const alice = open()
      expect(await alice.connect()).toMatchObject({ returnCode: code, sessionPresent: false })
      await alice.closed
    },
  )

  it('that older versions have no code for is a close without a word', async () => {
    const { open } = await testStack({
      name: 'Refuse',
      handle: (from) => from.close(ReasonCode.PROTOCOL_ERROR),
    })
    const alice = open()
    await expect(alice.connect()).rejects.toThrow('the connection closed (received: nothing)')
  })

  it('is not told to whoever has not asked: nothing is sent before a CONNECT came', async () => {
    const test = await testStack(acceptAll())
    const alice = test.open()
    only(test).client.close(ReasonCode.SERVER_BUSY)
    await alice.closed
    expect(alice.received).toEqual([])
  })

  it('after acceptance is a close without a word in older versions', async () => {
    const test = await testStack(acceptAll())
    const alice = await test.client()
    only(test).client.close(ReasonCode.NOT_AUTHORIZED)
    await alice.closed
    expect(alice.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })
})

describe('limits', () => {
  const publishOf = (size: number): number[] => {
    // Header, four bytes of length, topic `t`, payload.
    const length = size - 5
    const bytes = [
      0x30,
      (length & 127) | 128,
      ((length >> 7) & 127) | 128,
      ((length >> 14) & 127) | 128,
      length >> 21,
    ]
    return [...bytes, 0, 1, 0x74, ...new Array<number>(size - 8).fill(0x78)]
  }

  it('a packet may have packetLimit bytes once CONNECT is accepted, and not one more', async () => {
    const { client } = await testStack({ use: [acceptAll()], options: { packetLimit: 1_000 } })
    const [alice, bob] = [await client(), await client()]
    alice.raw(publishOf(1_000))
    bob.raw(publishOf(1_001))
    await bob.closed
    expect(alice.stream.destroyed).toBe(false)
  })

  it('and connectLimit bytes before', async () => {
    const { open, logger, stack } = await testStack({ use: [acceptAll()], options: { connectLimit: 100 } })
    stack.log.level = 'debug'
    const alice = open()
    void alice.connect({ clientId: 'x'.repeat(200) })
    await alice.closed
    expect(logger.lines[0].message).toContain('100')
  })

  it('a length that is declared and does not come takes no memory', async () => {
    const { client, stack } = await testStack({ use: [acceptAll()], options: { packetLimit: 268_435_460 } })
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 100; i++) {
      const each = await client()
      each.raw([0x30, 0xff, 0xff, 0xff, 0x7f, 0])
    }
    await settle()
    expect(stack.clients.size).toBe(100)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
  })
})
