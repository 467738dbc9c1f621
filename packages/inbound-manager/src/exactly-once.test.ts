/** What a publisher sends over connections that end at any point, and what its subscribers get of it. */
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { ReliablePublisher } from '../../../test/support/reliable-devices.ts'

/** A new connection of the publisher, which gives up after so many acknowledgements. */
async function serve(publisher: ReliablePublisher, client: TestClient, limit?: number): Promise<void> {
  publisher.resume(client)
  await publisher.serve(client, limit)
}

const device = ({ client }: DefaultStack): Promise<TestClient> =>
  client({ clientId: 'device', clean: false, autoAck: false })

const payloadsOf = (client: TestClient): string[] =>
  client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

describe.each(BACKENDS)('a publisher on a backend %s', (_name, backend) => {
  it('[MQTT-4.3.3-2] [MQTT-4.4.0-1] is relayed exactly once at QoS 2, wherever its connections end', async () => {
    for (let cut = 0; cut <= 5; cut++) {
      const whole = await defaultStack({ backend })
      const reader = await whole.client()
      await reader.subscribe('t', { qos: 2 })
      const publisher = new ReliablePublisher()
      const expected: string[] = []
      for (let i = 1; i <= 12; i++) {
        expected.push(String(i))
        publisher.publish(2, String(i))
        const connection = await device(whole)
        await serve(publisher, connection, cut)
        // At times it does not even wait for the acknowledgements.
        if (i % 3 === 0) connection.stream.destroy()
        else await connection.drop()
      }
      await serve(publisher, await device(whole))
      expect(publisher.done).toBe(true)
      expect(payloadsOf(reader)).toEqual(expected)
      expect(whole.memory.stats.awaitingRelease).toBe(0)
      expect(whole.logger.errors).toEqual([])
    }
  })

  it('is relayed exactly once when its connection ends while a message is on its way', async () => {
    const relays: (() => void)[] = []
    const slow: MiddlewareLike = {
      name: 'Slow',
      relayMessage: () => new Promise((resolve) => relays.push(resolve)),
    }
    const whole = await defaultStack({ backend, use: [slow] })
    const reader = await whole.client()
    await reader.subscribe('t', { qos: 2 })
    const publisher = new ReliablePublisher()
    publisher.publish(2, 'once')
    const first = await device(whole)
    await serve(publisher, first, 1)
    await first.drop()
    const second = whole.open({ clientId: 'device', autoAck: false })
    second.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'device',
      clean: false,
      keepalive: 0,
    })
    await whole.settle()
    // The session is not handed on before the older connection's calls are settled.
    expect(second.received).toEqual([])
    relays.shift()?.()
    expect(await second.next('connack')).toMatchObject({ returnCode: 0, sessionPresent: true })
    await serve(publisher, second)
    expect(publisher.done).toBe(true)
    expect(relays).toEqual([])
    expect(payloadsOf(reader)).toEqual(['once'])
  })

  it('is relayed exactly once when another connection takes over in the same turn', async () => {
    const whole = await defaultStack({ backend })
    const reader = await whole.client()
    await reader.subscribe('t', { qos: 2 })
    const first = await device(whole)
    const second = whole.open({ clientId: 'device', autoAck: false })
    const message = {
      cmd: 'publish',
      topic: 't',
      payload: 'once',
      qos: 2,
      messageId: 7,
      retain: false,
    } as const
    first.send({ ...message, dup: false })
    const connack = second.connect({ clean: false })
    expect(await connack).toMatchObject({ returnCode: 0, sessionPresent: true })
    second.send({ ...message, dup: true })
    await second.next('pubrec')
    await whole.settle()
    expect(payloadsOf(reader)).toEqual(['once'])
    second.send({ cmd: 'pubrel', messageId: 7 })
    await second.next('pubcomp')
    expect(whole.memory.stats.awaitingRelease).toBe(0)
    expect(whole.logger.errors).toEqual([])
  })

  it('may use an identifier again when another connection takes over in the turn of its PUBREL', async () => {
    const whole = await defaultStack({ backend })
    const reader = await whole.client()
    await reader.subscribe('t', { qos: 2 })
    const first = await device(whole)
    const message = { cmd: 'publish', topic: 't', qos: 2, messageId: 7, retain: false, dup: false } as const
    first.send({ ...message, payload: 'one' })
    await first.next('pubrec')
    const second = whole.open({ clientId: 'device', autoAck: false })
    first.send({ cmd: 'pubrel', messageId: 7 })
    await second.connect({ clean: false })
    second.send({ cmd: 'pubrel', messageId: 7 })
    await second.next('pubcomp')
    second.send({ ...message, payload: 'two' })
    await second.next('pubrec')
    await whole.settle()
    expect(payloadsOf(reader)).toEqual(['one', 'two'])
    expect(whole.logger.errors).toEqual([])
  })

  it('[MQTT-4.3.2-2] is relayed at least once at QoS 1', async () => {
    const whole = await defaultStack({ backend })
    const reader = await whole.client()
    await reader.subscribe('t', { qos: 1 })
    const publisher = new ReliablePublisher()
    for (let i = 1; i <= 6; i++) {
      publisher.publish(1, String(i))
      const connection = await device(whole)
      await serve(publisher, connection, i % 3)
      await connection.drop()
    }
    await serve(publisher, await device(whole))
    expect([...new Set(payloadsOf(reader))]).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  it('keeps the identifier of a refused QoS 2 message over a reconnect', async () => {
    let asked = 0
    const rule: MiddlewareLike = {
      name: 'Rule',
      relayMessage(_ctx: Context<'relayMessage'>, _store, _next, done) {
        asked++
        done()
      },
    }
    const whole = await defaultStack({ backend, use: [rule] })
    const publisher = new ReliablePublisher()
    publisher.publish(2, 'refused')
    const first = await device(whole)
    await serve(publisher, first, 0)
    await first.drop()
    const second = await device(whole)
    await serve(publisher, second)
    expect(publisher.done).toBe(true)
    expect(asked).toBe(1)
    expect(whole.memory.stats.awaitingRelease).toBe(0)
  })

  it('[MQTT-3.1.2-6] begins anew with a clean session', async () => {
    const whole = await defaultStack({ backend })
    const reader = await whole.client()
    await reader.subscribe('t', { qos: 2 })
    const message = { topic: 't', payload: 'hello', qos: 2, messageId: 3, retain: false } as const
    const first = await device(whole)
    first.send({ cmd: 'publish', ...message, dup: false })
    await first.next('pubrec')
    await first.drop()
    const clean = await whole.client({ clientId: 'device', clean: true, autoAck: false })
    clean.send({ cmd: 'publish', ...message, dup: true })
    await clean.next('pubrec')
    expect(payloadsOf(reader)).toEqual(['hello', 'hello'])
  })
})
