import type { Client, Context, MiddlewareLike } from '@mqtt-stack/core'
import { DONE, ProtocolError, ReasonCode } from '@mqtt-stack/core'
import type { StreamEnd, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { ConnectionOptions } from './connection.ts'
import { Connection } from './connection.ts'

/** Accepts every CONNECT that comes through. */
const accept: MiddlewareLike = {
  name: 'Accept',
  handles: ['connect'],
  handle(client) {
    client.accept()
    client.write({ cmd: 'connack', sessionPresent: false, returnCode: 0 })
  },
}

type End = Context<'cleanDisconnect'> | Context<'uncleanDisconnect'>

/** Connection with whatever stands behind it, and what it told of clients. */
async function stackOf(
  behind: readonly MiddlewareLike[] = [accept],
  options: ConnectionOptions = {},
): Promise<TestStack & { told: string[]; ends: End[] }> {
  const told: string[] = []
  const ends: End[] = []
  const note = (what: string, ctx: { client: Client }): void => void told.push(`${what} ${ctx.client.id}`)
  const recorder: MiddlewareLike = {
    name: 'Recorder',
    cleanDisconnect(ctx) {
      note('clean', ctx)
      ends.push(ctx)
    },
    uncleanDisconnect(ctx) {
      note('unclean', ctx)
      ends.push(ctx)
    },
    clientDisconnected: (ctx) => note('disconnected', ctx),
  }
  const test = await testStack(new Connection(options), recorder, ...behind)
  return Object.assign(test, { told, ends })
}

/** A middleware that holds back packets of a type until the test lets them go. */
function gate(cmd: 'connect' | 'publish'): MiddlewareLike & { open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { name: 'Gate', handles: [cmd], handle: () => opened, open }
}

const CONNECT = { cmd: 'connect', clientId: 'alice', clean: true, keepalive: 0, protocolId: 'MQTT' } as const

/** A CONNECT with an identifier of no bytes, which mqtt-packet will not write. */
function nameless(protocol: string, level: number, flags: number): Buffer {
  const body = [0, protocol.length, ...Buffer.from(protocol), level, flags, 0, 0, 0, 0]
  return Buffer.from([0x10, body.length, ...body])
}

describe('the end of a connection', () => {
  it('[MQTT-3.14.4-3] is clean after DISCONNECT, told once, and what came behind it is not handled', async () => {
    const { client, told, ends, settle } = await stackOf()
    const alice = await client({ clientId: 'alice' })
    alice.send({ cmd: 'disconnect' })
    alice.send({ cmd: 'pingreq' })
    alice.send({ cmd: 'disconnect' })
    await alice.closed
    await settle()
    expect(told).toEqual(['clean alice', 'disconnected alice'])
    expect(ends[0]).toMatchObject({ packet: { cmd: 'disconnect' }, reasonCode: ReasonCode.SUCCESS })
  })

  it('is unclean when the client hangs up', async () => {
    const { client, told, ends } = await stackOf()
    await (await client({ clientId: 'alice' })).drop()
    expect(told).toEqual(['unclean alice', 'disconnected alice'])
    expect(ends[0]).toMatchObject({ reasonCode: ReasonCode.UNSPECIFIED_ERROR, cause: undefined })
  })

  it('is unclean, with the cause, when the connection breaks', async () => {
    const { client, told, ends, settle } = await stackOf()
    const alice = await client({ clientId: 'alice' })
    ;(alice.stream as StreamEnd).reset()
    await settle()
    expect(told).toEqual(['unclean alice', 'disconnected alice'])
    expect(ends[0]).toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  it('[MQTT-4.8.0-1] is unclean, with the reason and the error, after a protocol error', async () => {
    const { client, told, ends, settle } = await stackOf()
    const alice = await client({ clientId: 'alice' })
    alice.raw([0xf0, 0])
    await alice.closed
    await settle()
    expect(told).toEqual(['unclean alice', 'disconnected alice'])
    const { reasonCode, cause } = ends[0] as Context<'uncleanDisconnect'>
    expect(cause).toBeInstanceOf(ProtocolError)
    expect(reasonCode).toBe((cause as ProtocolError).reasonCode)
  })

  it('is told nobody for a client that was never accepted', async () => {
    const refuse: MiddlewareLike = {
      name: 'Refuse',
      handles: ['connect'],
      handle(client) {
        client.close(ReasonCode.NOT_AUTHORIZED)
        return DONE
      },
    }
    const { open, told } = await stackOf([refuse])
    const silent = open()
    await silent.drop()
    const refused = open()
    expect((await refused.connect()).returnCode).toBe(5)
    await refused.closed
    expect(told).toEqual([])
  })

  it('is told nobody when the client goes while its CONNECT is thought about', async () => {
    const door = gate('connect')
    const { open, told, settle, stack } = await stackOf([door])
    const alice = open({ clientId: 'alice' })
    alice.send({ ...CONNECT, protocolVersion: 4 })
    await alice.drop()
    door.open()
    await settle()
    expect(told).toEqual([])
    expect(stack.clients.size).toBe(0)
  })

  it('is clean when DISCONNECT and the hang-up come together while a packet is thought about', async () => {
    const door = gate('publish')
    const { client, told, settle } = await stackOf([door, accept])
    const alice = await client({ clientId: 'alice' })
    alice.send({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false })
    alice.send({ cmd: 'disconnect' })
    alice.stream.end()
    await settle()
    alice.stream.destroy()
    await settle()
    expect(told).toEqual([])
    door.open()
    await settle()
    expect(told).toEqual(['clean alice', 'disconnected alice'])
  })

  it('is clean whoever looks at the DISCONNECT first, and however long', async () => {
    let go = (): void => {}
    const slow: MiddlewareLike = {
      name: 'Slow',
      handles: ['disconnect'],
      handle: () =>
        new Promise((resolve) => {
          go = resolve
        }),
    }
    const told: string[] = []
    const { client, settle } = await testStack(
      slow,
      new Connection(),
      {
        name: 'Recorder',
        cleanDisconnect: () => void told.push('clean'),
        uncleanDisconnect: () => void told.push('unclean'),
      },
      accept,
    )
    const alice = await client()
    await alice.disconnect()
    expect(told).toEqual([])
    go()
    await settle()
    expect(told).toEqual(['clean'])
  })

  it('is told to everybody, in order, whatever one of them does', async () => {
    const order: string[] = []
    const named = (name: string, end: () => void | Promise<void> | typeof DONE): MiddlewareLike => ({
      name,
      uncleanDisconnect() {
        order.push(name)
        return end()
      },
    })
    const { client, told, logger } = await stackOf([
      named('Thrower', () => {
        throw new Error('thrown')
      }),
      named('Rejecter', () => Promise.reject(new Error('rejected'))),
      named('Finisher', () => DONE),
      named('Waiter', async () => {
        await Promise.resolve()
        order.push('waited')
      }),
      named('Last', () => {}),
      accept,
    ])
    await (await client({ clientId: 'alice' })).drop()
    expect(order).toEqual(['Thrower', 'Rejecter', 'Finisher', 'Waiter', 'waited', 'Last'])
    expect(logger.errors).toEqual([
      'Thrower (uncleanDisconnect): thrown',
      'Rejecter (uncleanDisconnect): rejected',
    ])
    expect(told).toEqual(['unclean alice', 'disconnected alice'])
  })
})

describe('the order of packets', () => {
  it('[MQTT-3.1.0-1] [MQTT-3.2.2-6] closes without a word when the first packet is no CONNECT', async () => {
    const { open, told } = await stackOf()
    const alice = open()
    alice.send({ cmd: 'pingreq' })
    await alice.closed
    expect(alice.received).toEqual([])
    expect(told).toEqual([])
  })

  it('[MQTT-3.1.0-2] [MQTT-4.8.0-1] a second CONNECT ends the connection', async () => {
    const { client, ends, settle } = await stackOf()
    const alice = await client({ clientId: 'alice' })
    await expect(alice.connect({ clientId: 'bob' })).rejects.toThrow('the connection closed')
    await settle()
    expect(ends).toMatchObject([
      { reasonCode: ReasonCode.PROTOCOL_ERROR, cause: { code: 'PROTOCOL_ERROR', statement: 'MQTT-3.1.0-2' } },
    ])
    expect(ends[0].client.id).toBe('alice')
  })

  it('[MQTT-3.1.0-2] ends it also when it came before the first was answered, and told nobody', async () => {
    const door = gate('connect')
    const { open, told, settle } = await stackOf([door])
    const alice = open()
    alice.send({ ...CONNECT, protocolVersion: 4 })
    alice.send({ ...CONNECT, protocolVersion: 4 })
    await settle()
    door.open()
    await alice.closed
    expect(alice.received).toEqual([])
    expect(told).toEqual([])
  })

  it('[MQTT-3.1.0-2] ends it also for a stack whose errorHandler only listens', async () => {
    const errors: Error[] = []
    const { client } = await testStack({
      use: [new Connection(), accept],
      options: { errorHandler: (error) => void errors.push(error) },
    })
    const alice = await client()
    await expect(alice.connect()).rejects.toThrow('the connection closed')
    expect(errors).toMatchObject([{ code: 'PROTOCOL_ERROR' }])
  })
})

describe('the connect timeout', () => {
  it('closes a connection without CONNECT at exactly that time, without a word', async () => {
    const { open, advance } = await stackOf(undefined, { connectTimeout: 5_000 })
    const alice = open()
    await advance(4_999)
    expect(alice.stream.destroyed).toBe(false)
    await advance(1)
    await alice.closed
    expect(alice.received).toEqual([])
  })

  it('is not moved by bytes that are no whole CONNECT', async () => {
    const { open, advance } = await stackOf()
    const alice = open()
    for (const byte of [0x10, 0x20, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0x02]) {
      alice.raw([byte])
      await advance(999)
    }
    expect(alice.stream.destroyed).toBe(false)
    await advance(10)
    expect(alice.stream.destroyed).toBe(true)
  })

  it('is over with the CONNECT, however long that is thought about', async () => {
    const door = gate('connect')
    const { open, advance, clock } = await stackOf([door, accept], { connectTimeout: 5_000 })
    const idle = clock.timers
    const alice = open()
    alice.send({ ...CONNECT, protocolVersion: 4 })
    await advance(20_000)
    expect(clock.timers).toBe(idle)
    door.open()
    expect((await alice.next('connack')).returnCode).toBe(0)
  })

  it('leaves no timer behind when the connection goes before', async () => {
    const { open, clock } = await stackOf()
    const idle = clock.timers
    await open().drop()
    expect(clock.timers).toBe(idle)
  })
})

describe('versions', () => {
  it.each([3, 4] as const)('serves protocol level %i', async (protocolVersion) => {
    const { client, stack } = await stackOf()
    await client({ protocolVersion })
    expect([...stack.clients][0].protocolVersion).toBe(protocolVersion)
  })

  it('[MQTT-3.1.2-2] forceMQTT4 refuses 3.1 with return code 1, and closes', async () => {
    const { open, client } = await stackOf(undefined, { forceMQTT4: true })
    const old = open({ protocolVersion: 3 })
    expect(await old.connect()).toMatchObject({ returnCode: 1, sessionPresent: false })
    await old.closed
    await client({ protocolVersion: 4 })
  })

  it('[MQTT-3.1.2-2] an unknown level is answered with return code 1, and closed', async () => {
    const { open, told } = await stackOf()
    const alice = open()
    alice.raw([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0, 0, 1, 0x61])
    expect((await alice.next('connack')).returnCode).toBe(1)
    await alice.closed
    expect(told).toEqual([])
  })

  it('[MQTT-3.1.2-1] [MQTT-3.1.4-1] an unknown protocol name is closed without CONNACK', async () => {
    const { open } = await stackOf()
    const alice = open()
    alice.raw([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x58, 4, 2, 0, 0, 0, 1, 0x61])
    await alice.closed
    expect(alice.received).toEqual([])
  })
})

describe('client identifiers', () => {
  it('[MQTT-3.1.3-6] names a clean client that brings none, each with a name of its own', async () => {
    const { client, stack } = await stackOf()
    await client({ clientId: '' })
    await client({ clientId: '' })
    const [one, two] = [...stack.clients].map(({ id }) => id)
    expect(one).toMatch(/^auto-/)
    expect(two).toMatch(/^auto-/)
    expect(one).not.toBe(two)
  })

  it('[MQTT-3.1.3-8] refuses with 2, and closes, a stored session without a name', async () => {
    const { open, told } = await stackOf()
    const alice = open()
    alice.raw(nameless('MQTT', 4, 0))
    expect(await alice.next('connack')).toMatchObject({ returnCode: 2, sessionPresent: false })
    await alice.closed
    expect(told).toEqual([])
  })

  it.each([true, false])('3.1 knows no client without a name (clean: %s)', async (clean) => {
    const { open } = await stackOf()
    const alice = open({ protocolVersion: 3 })
    alice.raw(nameless('MQIsdp', 3, clean ? 2 : 0))
    expect((await alice.next('connack')).returnCode).toBe(2)
    await alice.closed
  })

  it('[MQTT-3.1.3-5] takes 1 to 23 letters and digits', async () => {
    const { client } = await stackOf(undefined, { clientIdBytes: 23 })
    for (const clientId of ['0', '0123456789abcdefghijklm', 'nopqrstuvwxyzABCDEFGHIJ', 'KLMNOPQRSTUVWXYZ'])
      await client({ clientId })
  })

  it('[MQTT-3.1.3-9] refuses with 2 one of more bytes than it may have', async () => {
    const { client, open } = await stackOf(undefined, { clientIdBytes: 32 })
    await client({ clientId: 'x'.repeat(32) })
    for (const clientId of ['x'.repeat(33), 'ü'.repeat(17)]) {
      const alice = open()
      expect((await alice.connect({ clientId })).returnCode).toBe(2)
      await alice.closed
    }
  })
})

describe('closeClient', () => {
  it('[MQTT-3.2.2-4] [MQTT-3.2.2-5] tells a client that is not accepted by CONNACK, and closes', async () => {
    const { open, ends } = await stackOf([
      {
        name: 'Full',
        handles: ['connect'],
        async handle(client) {
          await this.stack?.call('closeClient', {
            client,
            reasonCode: ReasonCode.SERVER_BUSY,
            reason: 'full',
          })
          return DONE
        },
      },
    ])
    const alice = open()
    expect(await alice.connect()).toMatchObject({ returnCode: 3, sessionPresent: false })
    await alice.closed
    expect(ends).toEqual([])
  })

  it('only closes one that is: older versions have no word for it', async () => {
    const { client, stack, ends } = await stackOf()
    const alice = await client()
    const [serving] = stack.clients
    await stack.call('closeClient', { client: serving, reasonCode: ReasonCode.SERVER_BUSY })
    await alice.closed
    await alice.expectNothing()
    expect(ends).toMatchObject([{ reasonCode: ReasonCode.SERVER_BUSY }])
  })

  it('says nothing before a CONNECT came', async () => {
    const { open, stack } = await stackOf()
    const alice = open()
    const [serving] = stack.clients
    stack.closeClient(serving, ReasonCode.SERVER_SHUTTING_DOWN, 'shutting down')
    await alice.closed
    expect(alice.received).toEqual([])
  })
})

describe('sessionTakenOver', () => {
  it('closes the connection and waits until all that its end sets off is done', async () => {
    const order: string[] = []
    let finish = (): void => {}
    const { client, stack, settle, ends } = await stackOf([
      {
        name: 'Slow',
        uncleanDisconnect: () =>
          new Promise<void>((resolve) => {
            finish = resolve
          }),
      },
      accept,
    ])
    const alice = await client({ clientId: 'alice' })
    const [old] = stack.clients
    void stack
      .call('sessionTakenOver', { client: old, clientId: 'alice', epoch: 1 })
      .then(() => order.push('answered'))
    await alice.closed
    await settle()
    order.push('finishing')
    finish()
    await settle()
    expect(order).toEqual(['finishing', 'answered'])
    expect(ends).toMatchObject([{ reasonCode: ReasonCode.SESSION_TAKEN_OVER }])
  })

  it('waits for the packet that the connection is busy with', async () => {
    const door = gate('publish')
    const { client, stack, settle } = await stackOf([door, accept])
    const alice = await client({ clientId: 'alice' })
    const [old] = stack.clients
    await alice.publish('a')
    let answered = false
    void stack.call('sessionTakenOver', { client: old, clientId: 'alice', epoch: 1 }).then(() => {
      answered = true
    })
    await settle()
    expect(answered).toBe(false)
    door.open()
    await settle()
    expect(answered).toBe(true)
  })

  it('finds the connection by its epoch where the backend knows no connection', async () => {
    const { client, stack, settle } = await stackOf()
    const [one, two] = [await client({ clientId: 'alice' }), await client({ clientId: 'alice' })]
    const [first, second] = stack.clients
    first.epoch = 7
    second.epoch = 8
    await stack.call('sessionTakenOver', { client: undefined, clientId: 'alice', epoch: 7 })
    await settle()
    expect([one.stream.destroyed, two.stream.destroyed]).toEqual([true, false])
  })

  it('finds it also under a name that somebody gave it since', async () => {
    const rename: MiddlewareLike = {
      name: 'Rename',
      handles: ['connect'],
      handle(client) {
        client.session.clientId = 'by user name'
      },
    }
    const { client, stack, told } = await stackOf([rename, accept])
    const alice = await client({ clientId: 'alice' })
    const [old] = stack.clients
    await stack.call('sessionTakenOver', { client: old, clientId: 'by user name', epoch: 1 })
    expect(told).toEqual(['unclean by user name', 'disconnected by user name'])
    await alice.closed
  })

  it('answers at once for a connection that is over, or was never here', async () => {
    const { client, stack, settle } = await stackOf()
    const alice = await client({ clientId: 'alice' })
    const [old] = stack.clients
    await alice.drop()
    await settle()
    await stack.call('sessionTakenOver', { client: old, clientId: 'alice', epoch: 1 })
    await stack.call('sessionTakenOver', { client: undefined, clientId: 'nobody', epoch: 1 })
  })
})

describe('stop', () => {
  it('waits until what the end of the connections set off is done', async () => {
    let finish = (): void => {}
    const order: string[] = []
    const { client, stop, settle } = await stackOf([
      {
        name: 'Slow',
        uncleanDisconnect: () =>
          new Promise<void>((resolve) => {
            finish = resolve
          }),
        stop: () => void order.push('stopped'),
      },
      accept,
    ])
    await client()
    const stopped = stop()
    await settle()
    order.push('finishing')
    finish()
    await stopped
    expect(order).toEqual(['finishing', 'stopped'])
  })

  it('does not wait for ever', async () => {
    const { client, stop, stack, advance, clock } = await stackOf([
      { name: 'Stuck', uncleanDisconnect: () => new Promise<void>(() => {}) },
      accept,
    ])
    await client()
    const stopped = stop()
    await advance(stack.config.stallTimeout)
    await stopped
    await advance(stack.config.stallTimeout)
    expect(clock.timers).toBe(0)
  })
})

describe('options', () => {
  it.each([
    [{ connectTimeout: 0 }, 'OPTION_INVALID'],
    [{ connectTimeout: '10' }, 'OPTION_INVALID'],
    [{ clientIdBytes: 22 }, 'OPTION_INVALID'],
    [{ forceMQTT4: 1 }, 'OPTION_INVALID'],
    [{ forceMqtt4: true }, 'OPTION_UNKNOWN'],
  ])('%j: %s, naming the option', (options, code) => {
    const [name] = Object.keys(options)
    expect(() => new Connection(options as ConnectionOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(name) }),
    )
  })
})
