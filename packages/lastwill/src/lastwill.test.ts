import type { Client, Context, MiddlewareLike } from '@mqtt-stack/core'
import { DONE, ReasonCode } from '@mqtt-stack/core'
import type { ConnectOptions, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { LastWillOptions } from './index.ts'
import { LastWill } from './index.ts'

type Relay = Context<'relayMessage'>

/** LastWill, and what it relays. */
async function stackOf(
  ...behind: MiddlewareLike[]
): Promise<TestStack & { relayed: Relay[]; connect(options: ConnectOptions): Promise<Client> }> {
  const relayed: Relay[] = []
  const relay: MiddlewareLike = {
    name: 'Relay',
    lookupConnackProperties: (_ctx, store) => store.set('retainAvailable', true),
    relayMessage: (ctx) => void relayed.push(ctx),
  }
  const test = await testStack(new LastWill(), ...behind, relay, acceptAll())
  const connect = async (options: ConnectOptions): Promise<Client> => {
    await test.client(options)
    return [...test.stack.clients][test.stack.clients.size - 1]
  }
  return Object.assign(test, { relayed, connect })
}

const WILL = { topic: 'gone', payload: Buffer.from('alice'), qos: 1, retain: true } as const

const unclean = (client: Client): Context<'uncleanDisconnect'> => ({
  client,
  reasonCode: ReasonCode.UNSPECIFIED_ERROR,
  cause: undefined,
})

const clean = (client: Client, reasonCode: number = ReasonCode.SUCCESS): Context<'cleanDisconnect'> => ({
  client,
  reasonCode,
  packet: { cmd: 'disconnect' },
})

describe('the will', () => {
  it('[MQTT-3.1.2-8] [MQTT-3.1.2-9] is relayed on an unclean disconnect, just as the client gave it', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ clientId: 'alice', will: WILL })
    expect(relayed).toEqual([])
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toHaveLength(1)
    const [{ packet, topic, payload, client, publisher, inbound }] = relayed
    expect([topic, payload.toString(), packet.qos, packet.retain, packet.dup]).toEqual([
      'gone',
      'alice',
      1,
      true,
      false,
    ])
    expect([client, inbound]).toEqual([undefined, undefined])
    expect(publisher.clientId).toBe('alice')
  })

  it('is told as published, with whose it is, once it is relayed', async () => {
    const told: Context<'messagePublished'>[] = []
    const { connect, stack, relayed } = await stackOf({
      name: 'Log',
      relayMessage: (_ctx, store) => {
        store.matched++
      },
      messagePublished: (ctx) => void told.push(ctx),
    })
    const alice = await connect({ clientId: 'alice', will: WILL })
    expect(told).toEqual([])
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toHaveLength(1)
    const [{ client, publisher, packet, relayed: store }] = told
    expect([told.length, client, publisher.clientId]).toEqual([1, undefined, 'alice'])
    expect([packet.topic, store.matched]).toEqual(['gone', 1])
  })

  it('is not told as published when a rule vetoes it', async () => {
    const told: unknown[] = []
    const { connect, stack } = await stackOf({
      name: 'Rule',
      relayMessage: () => DONE,
      messagePublished: (ctx) => void told.push(ctx),
    })
    await stack.call('uncleanDisconnect', unclean(await connect({ clientId: 'alice', will: WILL })))
    expect(told).toEqual([])
  })

  it.each([0, 1, 2] as const)('[MQTT-3.1.2-9] [MQTT-3.1.2-14] keeps its QoS %i', async (qos) => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: { ...WILL, qos } })
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed[0].packet.qos).toBe(qos)
  })

  it.each([
    ['[MQTT-3.1.2-16]', false],
    ['[MQTT-3.1.2-17]', true],
  ])('%s keeps its retain flag: %s', async (_number, retain) => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: { ...WILL, retain } })
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed[0].packet.retain).toBe(retain)
  })

  it('may be of no bytes, or of any', async () => {
    const { connect, stack, relayed } = await stackOf()
    for (const payload of [Buffer.alloc(0), Buffer.from([0, 255, 128])]) {
      const alice = await connect({ will: { ...WILL, payload } })
      await stack.call('uncleanDisconnect', unclean(alice))
    }
    expect(relayed.map(({ payload }) => [...payload])).toEqual([[], [0, 255, 128]])
  })

  it('[MQTT-3.14.4-3] [MQTT-3.1.2-10] is dropped on DISCONNECT', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: WILL })
    await stack.call('cleanDisconnect', clean(alice))
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toEqual([])
  })

  it('is relayed on a DISCONNECT that asks for it (5.0)', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: WILL })
    await stack.call('cleanDisconnect', clean(alice, ReasonCode.DISCONNECT_WITH_WILL))
    expect(relayed).toHaveLength(1)
  })

  it('[MQTT-3.1.2-10] is relayed once', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: WILL })
    await stack.call('uncleanDisconnect', unclean(alice))
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toHaveLength(1)
  })

  it('[MQTT-3.1.2-12] is not relayed where there is none', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({})
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toEqual([])
  })

  it('belongs to its connection: others have their own', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ clientId: 'alice', will: WILL })
    await connect({ clientId: 'bob', will: { ...WILL, topic: 'bob' } })
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed.map(({ topic }) => topic)).toEqual(['gone'])
  })

  it('names the identity that left it, for rules', async () => {
    const { connect, stack, relayed } = await stackOf()
    const alice = await connect({ will: WILL })
    alice.session.identity = 'Alice'
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed[0].publisher.identity).toBe('Alice')
  })

  it('goes the way of any message: a rule may veto it', async () => {
    const { connect, stack, relayed } = await stackOf({ name: 'Veto', relayMessage: () => DONE })
    const alice = await connect({ will: WILL })
    await stack.call('uncleanDisconnect', unclean(alice))
    expect(relayed).toEqual([])
  })

  it('is waited for: the disconnect is through when the relay is', async () => {
    let finish = (): void => {}
    const slow: MiddlewareLike = {
      name: 'Slow',
      relayMessage: () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    }
    const { connect, stack, settle, relayed } = await stackOf(slow)
    const alice = await connect({ will: WILL })
    let through = false
    void stack.call('uncleanDisconnect', unclean(alice)).then(() => {
      through = true
    })
    await settle()
    expect(through).toBe(false)
    finish()
    await settle()
    expect(through).toBe(true)
    expect(relayed).toHaveLength(1)
  })
})

describe('options', () => {
  it.each([
    [{ sweep: 0 }, 'OPTION_INVALID'],
    [{ delay: 1 }, 'OPTION_UNKNOWN'],
  ])('%j: %s, naming the option', (options, code) => {
    const [name] = Object.keys(options)
    expect(() => new LastWill(options as LastWillOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(name) }),
    )
  })
})
