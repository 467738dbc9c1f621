import type { MiddlewareLike } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { KeepAliveOptions } from './index.ts'
import { KeepAlive } from './index.ts'

const gone = ({ stream }: TestClient): boolean => stream.destroyed

describe('keep alive', () => {
  it('[MQTT-3.1.2-24] closes a client that is silent for one and a half times its keep alive', async () => {
    const { client, advance } = await testStack(new KeepAlive(), acceptAll())
    const alice = await client({ keepalive: 60 })
    await advance(89_999)
    expect(gone(alice)).toBe(false)
    await advance(1)
    expect(gone(alice)).toBe(true)
    expect(alice.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it('[MQTT-3.1.2-24] counts from the last packet, whatever packet that is', async () => {
    const ack: MiddlewareLike = {
      name: 'Ack',
      handles: ['publish', 'subscribe'],
      handle(client, packet) {
        if (packet.cmd === 'publish') client.ack('puback', packet.packetId)
        if (packet.cmd === 'subscribe')
          client.write({ cmd: 'suback', packetId: packet.packetId, granted: [0] })
      },
    }
    const { client, advance } = await testStack(new KeepAlive(), ack, acceptAll())
    const alice = await client({ keepalive: 10 })
    const packets = [
      () => alice.ping(),
      () => alice.publish('a', '', { qos: 1 }),
      () => alice.subscribe('a'),
      () => alice.send({ cmd: 'puback', messageId: 1 }),
    ]
    for (const send of packets) {
      await advance(14_999)
      await send()
    }
    await advance(14_750)
    expect(gone(alice)).toBe(false)
    // It came a millisecond after a sweep, and is found by the next one after its time.
    await advance(500)
    expect(gone(alice)).toBe(true)
  })

  it('does not count packets that are sent to the client', async () => {
    const { client, advance, stack } = await testStack(new KeepAlive(), acceptAll())
    const alice = await client({ keepalive: 10 })
    const [serving] = stack.clients
    for (let i = 0; i < 3; i++) {
      await advance(5_000)
      serving.write({ cmd: 'pingresp' })
    }
    expect(gone(alice)).toBe(true)
  })

  it('leaves clients alone that gave no time', async () => {
    const { client, advance } = await testStack(new KeepAlive(), acceptAll())
    const alice = await client({ keepalive: 0 })
    await advance(3_600_000)
    expect(gone(alice)).toBe(false)
  })

  it('holds each client to its own time, up to the longest there is', async () => {
    const { client, advance } = await testStack(new KeepAlive({ sweep: 60_000 }), acceptAll())
    const [short, long] = [await client({ keepalive: 1 }), await client({ keepalive: 65_535 })]
    await advance(60_000)
    expect([gone(short), gone(long)]).toEqual([true, false])
    await advance(65_535 * 1_500 - 60_000)
    expect(gone(long)).toBe(false)
    await advance(60_000)
    expect(gone(long)).toBe(true)
  })

  it('tells by closeClient why', async () => {
    const reasons: unknown[] = []
    const { client, advance } = await testStack(
      new KeepAlive(),
      { name: 'Closer', closeClient: ({ reasonCode }) => void reasons.push(reasonCode) },
      acceptAll(),
    )
    await client({ keepalive: 2 })
    await advance(3_000)
    expect(reasons).toEqual([ReasonCode.KEEP_ALIVE_TIMEOUT])
  })

  it('takes the grace as an option', async () => {
    const { client, advance } = await testStack(new KeepAlive({ grace: 2 }), acceptAll())
    const alice = await client({ keepalive: 10 })
    await advance(19_999)
    expect(gone(alice)).toBe(false)
    await advance(1)
    expect(gone(alice)).toBe(true)
  })
})

describe('time that does not count', () => {
  /** Holds each PUBLISH until the test lets go. */
  function held(): MiddlewareLike & { release(): void } {
    const waiting: (() => void)[] = []
    return {
      name: 'Held',
      handles: ['publish'],
      handle: () => new Promise<void>((resolve) => void waiting.push(resolve)),
      release: () => {
        for (const resolve of waiting.splice(0)) resolve()
      },
    }
  }

  it('is while the broker is busy with the client’s packet', async () => {
    const door = held()
    const { client, advance, settle } = await testStack(new KeepAlive(), door, acceptAll())
    const alice = await client({ keepalive: 10 })
    await alice.publish('a')
    await advance(25_000)
    expect(gone(alice)).toBe(false)
    alice.send({ cmd: 'pingreq' })
    await settle()
    door.release()
    await alice.next('pingresp')
    await advance(14_999)
    expect(gone(alice)).toBe(false)
    await advance(251)
    expect(gone(alice)).toBe(true)
  })

  it('is while the broker has stopped reading, and the time counts anew from when it reads again', async () => {
    const door = held()
    const { client, advance, settle } = await testStack(new KeepAlive(), door, acceptAll())
    const alice = await client({ keepalive: 10 })
    const flood = { cmd: 'publish', topic: 'a', payload: 'x'.repeat(30_000), qos: 0 } as const
    for (let i = 0; i < 5; i++) alice.send({ ...flood, dup: false, retain: false })
    await advance(25_000)
    for (let i = 0; i < 5; i++) {
      door.release()
      await settle()
    }
    await advance(14_999)
    expect(gone(alice)).toBe(false)
    await advance(251)
    expect(gone(alice)).toBe(true)
  })

  it('is what the broker takes to accept the client', async () => {
    let accept = (): void => {}
    const slow: MiddlewareLike = {
      name: 'Slow',
      handles: ['connect'],
      handle: () =>
        new Promise<void>((resolve) => {
          accept = resolve
        }),
    }
    const { open, advance } = await testStack(new KeepAlive(), slow, acceptAll())
    const alice = open()
    alice.connect({ keepalive: 1 }).catch(() => {})
    await advance(25_000)
    accept()
    await advance(1_250)
    expect(gone(alice)).toBe(false)
    await advance(250)
    expect(gone(alice)).toBe(true)
  })
})

describe('PINGREQ', () => {
  it('[MQTT-3.12.4-1] is answered with PINGRESP, each of them', async () => {
    const { client } = await testStack(new KeepAlive(), acceptAll())
    const alice = await client()
    await alice.ping()
    for (let i = 0; i < 3; i++) alice.send({ cmd: 'pingreq' })
    for (let i = 0; i < 3; i++) await alice.next('pingresp')
    await alice.expectNothing()
  })

  it('is seen by those behind, too', async () => {
    const seen: string[] = []
    const { client } = await testStack(
      new KeepAlive(),
      { name: 'Seen', handles: ['pingreq'], handle: (_client, { cmd }) => void seen.push(cmd) },
      acceptAll(),
    )
    await (await client()).ping()
    expect(seen).toEqual(['pingreq'])
  })
})

describe('what is left behind', () => {
  it('is nothing: closed clients are forgotten, and stop() ends the sweep', async () => {
    let asked = 0
    const { client, connection, advance, stop, clock } = await testStack(new KeepAlive(), acceptAll())
    const alice = await client({ keepalive: 1 })
    const { client: spy, stream } = connection()
    spy.silentFor = () => {
      asked++
      return 0
    }
    stream.write(Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 1, 0, 1, 0x61]))
    await advance(1_000)
    expect(asked).toBe(4)
    stream.destroy()
    await alice.drop()
    await advance(1_000)
    expect(asked).toBe(4)
    await stop()
    await advance(60_000)
    expect(clock.timers).toBe(0)
  })
})

describe('options', () => {
  it.each([
    [{ grace: 0.5 }, 'OPTION_INVALID'],
    [{ grace: Number.NaN }, 'OPTION_INVALID'],
    [{ sweep: 0 }, 'OPTION_INVALID'],
    [{ sweep: '1s' }, 'OPTION_INVALID'],
    [{ interval: 10 }, 'OPTION_UNKNOWN'],
  ])('%o: %s, naming the option', (options, code) => {
    const [name] = Object.keys(options)
    expect(() => new KeepAlive(options as KeepAliveOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(name) }),
    )
  })
})
