import { Buffer } from 'node:buffer'
import type { Packet } from 'mqtt-packet'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { settle } from './settle.ts'
import type { StreamEnd } from './stream-pair.ts'
import { streamPair } from './stream-pair.ts'
import { TestClient } from './test-client.ts'
import type { TestClientOptions } from './test-client-options.ts'

/** A client, and the other side as a list of packets and a way to answer. */
function setup(options: TestClientOptions = {}): {
  client: TestClient
  broker: StreamEnd
  sent: Packet[]
  answer: (packet: Packet) => void
  on: (cmd: string, packet: (sent: Packet) => Packet) => void
} {
  const [ours, broker] = streamPair()
  const { protocolVersion = 4 } = options
  const sent: Packet[] = []
  const answers = new Map<string, (sent: Packet) => Packet>()
  const parser = mqtt.parser({ protocolVersion })
  const answer = (packet: Packet): void => void broker.write(mqtt.generate(packet, { protocolVersion }))
  parser.on('packet', (packet) => {
    sent.push(packet)
    const make = answers.get(packet.cmd)
    if (make !== undefined) answer(make(packet))
  })
  broker.on('data', (chunk) => parser.parse(chunk))
  broker.on('error', () => {})
  return {
    client: new TestClient(ours, options),
    broker,
    sent,
    answer,
    on: (cmd, make) => answers.set(cmd, make),
  }
}

const message = (topic: string, qos: 0 | 1 | 2 = 0, messageId?: number): Packet => ({
  cmd: 'publish',
  topic,
  payload: 'hello',
  qos,
  retain: false,
  dup: false,
  messageId,
})

describe('TestClient', () => {
  describe('connect', () => {
    it.each([
      [3, 'MQIsdp'],
      [4, 'MQTT'],
      [5, 'MQTT'],
    ] as const)(
      'sends a CONNECT of version %s and resolves with the CONNACK',
      async (protocolVersion, protocolId) => {
        const { client, sent, on } = setup({ protocolVersion })
        on('connect', () => ({ cmd: 'connack', sessionPresent: true, returnCode: 0, reasonCode: 0 }))
        const connack = await client.connect({
          clientId: 'alice',
          clean: false,
          username: 'u',
          password: 'p',
        })
        expect(connack).toMatchObject({ cmd: 'connack', sessionPresent: true })
        expect(sent[0]).toMatchObject({
          protocolId,
          protocolVersion,
          clientId: 'alice',
          clean: false,
          keepalive: 0,
          username: 'u',
        })
      },
    )

    it('resolves with a refusal too', async () => {
      const { client, on } = setup()
      on('connect', () => ({ cmd: 'connack', sessionPresent: false, returnCode: 5 }))
      expect((await client.connect()).returnCode).toBe(5)
    })

    it('sends the will', async () => {
      const { client, sent, on } = setup()
      on('connect', () => ({ cmd: 'connack', sessionPresent: false, returnCode: 0 }))
      await client.connect({ will: { topic: 'last', payload: Buffer.from('words'), qos: 1, retain: true } })
      expect(sent[0]).toMatchObject({
        will: { topic: 'last', qos: 1, retain: true, payload: Buffer.from('words') },
      })
    })
  })

  describe('publish', () => {
    it('at QoS 0 resolves once the message has arrived', async () => {
      const { client, sent } = setup()
      expect(await client.publish('a/b', 'hello', { retain: true })).toBeUndefined()
      expect(sent).toMatchObject([
        { cmd: 'publish', topic: 'a/b', qos: 0, retain: true, payload: Buffer.from('hello') },
      ])
    })

    it('at QoS 1 resolves with the PUBACK of its identifier', async () => {
      const { client, answer, on } = setup()
      on('publish', ({ messageId }) => ({ cmd: 'puback', messageId }))
      answer({ cmd: 'puback', messageId: 77 })
      expect(await client.publish('a', 'x', { qos: 1 })).toMatchObject({ cmd: 'puback', messageId: 1 })
      expect(await client.next('puback')).toMatchObject({ messageId: 77 })
    })

    it('at QoS 2 sends PUBREL and resolves with the PUBCOMP', async () => {
      const { client, sent, on } = setup()
      on('publish', ({ messageId }) => ({ cmd: 'pubrec', messageId }))
      on('pubrel', ({ messageId }) => ({ cmd: 'pubcomp', messageId }))
      expect(await client.publish('a', 'x', { qos: 2 })).toMatchObject({ cmd: 'pubcomp', messageId: 1 })
      expect(sent.map(({ cmd }) => cmd)).toEqual(['publish', 'pubrel'])
      await client.expectNothing()
    })

    it('at QoS 2 without autoAck resolves with the PUBREC and leaves PUBREL to the test', async () => {
      const { client, sent, on } = setup({ autoAck: false })
      on('publish', ({ messageId }) => ({ cmd: 'pubrec', messageId }))
      expect(await client.publish('a', 'x', { qos: 2, messageId: 9 })).toMatchObject({
        cmd: 'pubrec',
        messageId: 9,
      })
      await settle()
      expect(sent).toHaveLength(1)
    })

    it('at QoS 2 resolves with a PUBREC that refuses (5.0)', async () => {
      const { client, on, sent } = setup({ protocolVersion: 5 })
      on('publish', ({ messageId }) => ({ cmd: 'pubrec', messageId, reasonCode: 0x87 }))
      expect(await client.publish('a', 'x', { qos: 2 })).toMatchObject({ cmd: 'pubrec', reasonCode: 0x87 })
      expect(sent).toHaveLength(1)
    })
  })

  describe('subscribe, unsubscribe, ping', () => {
    it('subscribes to a filter, a list, or filters with options of their own', async () => {
      const { client, sent, on } = setup()
      on('subscribe', ({ messageId }) => ({ cmd: 'suback', messageId, granted: [0] }))
      expect(await client.subscribe('a/#')).toMatchObject({ cmd: 'suback', granted: [0] })
      await client.subscribe(['a', 'b'], { qos: 1 })
      await client.subscribe([{ topic: 'c', qos: 2 }, 'd'], { messageId: 40 })
      expect(sent).toMatchObject([
        { messageId: 1, subscriptions: [{ topic: 'a/#', qos: 0 }] },
        {
          messageId: 2,
          subscriptions: [
            { topic: 'a', qos: 1 },
            { topic: 'b', qos: 1 },
          ],
        },
        {
          messageId: 40,
          subscriptions: [
            { topic: 'c', qos: 2 },
            { topic: 'd', qos: 0 },
          ],
        },
      ])
    })

    it('unsubscribes', async () => {
      const { client, sent, on } = setup()
      on('unsubscribe', ({ messageId }) => ({ cmd: 'unsuback', messageId, granted: [] }))
      expect((await client.unsubscribe(['a', 'b'])).cmd).toBe('unsuback')
      expect(sent).toMatchObject([{ cmd: 'unsubscribe', unsubscriptions: ['a', 'b'] }])
    })

    it('pings', async () => {
      const { client, on } = setup()
      on('pingreq', () => ({ cmd: 'pingresp' }))
      expect((await client.ping()).cmd).toBe('pingresp')
    })
  })

  describe('next', () => {
    it('hands out packets in the order of their coming, those of other types left', async () => {
      const { client, answer } = setup()
      for (const packet of [message('one'), { cmd: 'pingresp' }, message('two')] as Packet[]) answer(packet)
      await settle()
      expect(await client.next('pingresp')).toMatchObject({ cmd: 'pingresp' })
      expect((await client.next('publish')).topic).toBe('one')
      expect(await client.next()).toMatchObject({ topic: 'two' })
      expect(client.received.map(({ cmd }) => cmd)).toEqual(['publish', 'pingresp', 'publish'])
    })

    it('waits for one that is on its way', async () => {
      const { client, answer } = setup()
      const waiting = client.next('publish')
      answer(message('late'))
      expect((await waiting).payload.toString()).toBe('hello')
    })

    it('rejects when all is settled and nothing came, and says what came instead', async () => {
      const { client, answer } = setup()
      answer(message('a/b', 1, 3))
      await expect(client.next('suback')).rejects.toThrow(
        'waited for suback, but nothing more comes (received: publish a/b at QoS 1)',
      )
    })

    it('rejects when the connection closes, and afterwards', async () => {
      const { client, broker } = setup()
      const waiting = client.next('connack')
      broker.end()
      await expect(waiting).rejects.toThrow(
        'waited for connack, but the connection closed (received: nothing)',
      )
      await expect(client.next()).rejects.toThrow('the connection closed')
    })

    it('hands out what came before the close', async () => {
      const { client, broker, answer } = setup()
      answer(message('last'))
      broker.end()
      await client.closed
      expect((await client.next('publish')).topic).toBe('last')
    })

    it('shows the line of the test that waited', async () => {
      const { client } = setup()
      const error = await client.next('connack').catch((failure: unknown) => failure)
      expect((error as Error).stack?.split('\n')[1]).toContain('test-client.test.ts')
    })

    it('fails no process when nobody looks at its promise', async () => {
      const { client } = setup()
      void client.next('connack')
      await settle()
      await settle()
    })

    it('has patience with stacks that talk to the world outside', async () => {
      const { client, answer } = setup({ patience: 10_000 })
      const waiting = client.next('publish')
      await settle()
      answer(message('from afar'))
      expect((await waiting).topic).toBe('from afar')
    })
  })

  it('message() gives the next PUBLISH with its payload as text', async () => {
    const { client, answer } = setup()
    answer(message('a', 1, 3))
    expect(await client.message()).toEqual({
      topic: 'a',
      payload: 'hello',
      qos: 1,
      retain: false,
      dup: false,
    })
  })

  describe('expectNothing', () => {
    it('resolves when nothing came', async () => {
      const { client, answer } = setup()
      await client.expectNothing()
      answer({ cmd: 'pingresp' })
      await client.expectNothing('publish')
    })

    it('rejects and says what came', async () => {
      const { client, answer } = setup()
      answer(message('a/b'))
      await expect(client.expectNothing()).rejects.toThrow(
        'expected no packet, but received publish a/b at QoS 0',
      )
    })
  })

  describe('autoAck', () => {
    it('acknowledges as a device does', async () => {
      const { client, sent, answer } = setup()
      answer(message('a', 1, 3))
      answer(message('a', 2, 4))
      answer({ cmd: 'pubrel', messageId: 4 })
      await settle()
      expect(sent).toMatchObject([
        { cmd: 'puback', messageId: 3 },
        { cmd: 'pubrec', messageId: 4 },
        { cmd: 'pubcomp', messageId: 4 },
      ])
      await client.next('publish')
      await client.next('publish')
      await client.expectNothing()
      expect(client.received.map(({ cmd }) => cmd)).toContain('pubrel')
    })

    it('can be turned off', async () => {
      const { client, sent, answer } = setup({ autoAck: false })
      answer(message('a', 1, 3))
      answer({ cmd: 'pubrel', messageId: 4 })
      expect(await client.next('pubrel')).toMatchObject({ messageId: 4 })
      expect(sent).toEqual([])
    })
  })

  describe('closing', () => {
    it('disconnect() sends DISCONNECT and resolves when the connection is closed', async () => {
      const { client, sent, broker } = setup()
      await client.disconnect()
      expect(sent).toMatchObject([{ cmd: 'disconnect' }])
      expect(await client.closed).toBeUndefined()
      expect(broker.destroyed).toBe(true)
    })

    it('drop() closes without DISCONNECT, behind all that was sent', async () => {
      const { client, sent, broker } = setup()
      client.send(message('one'))
      client.send(message('two'))
      client.send(message('three'))
      await client.drop()
      expect(sent.map((packet) => packet.cmd === 'publish' && packet.topic)).toEqual(['one', 'two', 'three'])
      expect(broker.destroyed).toBe(true)
    })

    it('drop() works while frozen', async () => {
      const { client, broker } = setup()
      client.freeze()
      broker.write('unseen')
      await client.drop()
      expect(broker.destroyed).toBe(true)
    })

    it('closed resolves with the error of a reset', async () => {
      const { client, broker } = setup()
      broker.reset()
      expect(await client.closed).toMatchObject({ code: 'ECONNRESET' })
    })

    it('hangs up on bytes that are no MQTT', async () => {
      const { client, broker } = setup()
      broker.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
      expect(await client.closed).toBeInstanceOf(Error)
      await expect(client.next('connack')).rejects.toThrow('the connection closed: ')
    })
  })

  it('freeze() takes nothing while sending goes on; thaw() takes what came', async () => {
    const { client, sent, broker, answer } = setup()
    client.freeze()
    answer(message('held'))
    client.send({ cmd: 'pingreq' })
    await client.expectNothing()
    expect(sent).toMatchObject([{ cmd: 'pingreq' }])
    expect(broker.writableLength).toBeGreaterThan(0)
    client.thaw()
    expect((await client.next('publish')).topic).toBe('held')
  })

  it('raw() sends bytes as they are', async () => {
    const { client, broker } = setup()
    const chunks: Buffer[] = []
    broker.on('data', (chunk) => chunks.push(chunk))
    client.raw([0xc0, 0])
    client.raw(Buffer.from([0xc0]))
    await settle()
    expect(chunks).toEqual([Buffer.from([0xc0, 0]), Buffer.from([0xc0])])
  })
})
