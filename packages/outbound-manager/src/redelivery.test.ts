/** What a session's receiver has not acknowledged, over connections that end at any point. */
import { Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { ReliableReceiver } from '../../../test/support/reliable-devices.ts'

/** A device that keeps its session and acknowledges by hand. */
async function device({ client }: DefaultStack): Promise<TestClient> {
  return client({ clientId: 'device', clean: false, autoAck: false })
}

/** Publishes `count` messages, payloads `1`, `2`, ... from `first` on. */
async function publish(from: TestClient, qos: 0 | 1 | 2, count: number, first = 1): Promise<void> {
  for (let i = first; i < first + count; i++) await from.publish('t', String(i), { qos })
}

/** The PUBLISH packets that came and nobody took, as `payload` or, marked as duplicates, `payload again`. */
async function messages(client: TestClient, { settle }: DefaultStack): Promise<string[]> {
  await settle()
  const found: string[] = []
  for (;;) {
    const packet = await client.next('publish').catch(() => undefined)
    if (packet === undefined) return found
    found.push(packet.payload.toString() + (packet.dup ? ' again' : ''))
  }
}

describe.each(BACKENDS)('redelivery from a backend %s', (_name, backend) => {
  it('[MQTT-4.4.0-1] [MQTT-3.3.1-1] sends again what was not acknowledged, with its identifiers and DUP', async () => {
    const whole = await defaultStack({ backend })
    const first = await device(whole)
    await first.subscribe('t', { qos: 2 })
    const alice = await whole.client()
    await publish(alice, 1, 2)
    await publish(alice, 2, 1, 3)
    const before = [await first.next('publish'), await first.next('publish'), await first.next('publish')]
    await first.drop()

    const second = await device(whole)
    const after = [await second.next('publish'), await second.next('publish'), await second.next('publish')]
    expect(after.map(({ dup }) => dup)).toEqual([true, true, true])
    expect(before.map(({ dup }) => dup)).toEqual([false, false, false])
    const identity = ({ messageId, qos, payload }: (typeof before)[0]): string =>
      `${messageId} at ${qos}: ${payload}`
    expect(after.map(identity)).toEqual(before.map(identity))
    await second.expectNothing()
  })

  it('[MQTT-4.4.0-1] sends nothing again while the connection lasts', async () => {
    const whole = await defaultStack({ backend })
    const first = await device(whole)
    await first.subscribe('t', { qos: 2 })
    await publish(await whole.client(), 2, 1)
    await first.next('publish')
    await whole.clock.advance(600_000)
    await first.expectNothing()
  })

  it('[MQTT-4.3.3-1] sends PUBREL again, and not the message, once PUBREC has come', async () => {
    const whole = await defaultStack({ backend })
    const first = await device(whole)
    await first.subscribe('t', { qos: 2 })
    await publish(await whole.client(), 2, 1)
    const { messageId } = await first.next('publish')
    first.send({ cmd: 'pubrec', messageId })
    await first.next('pubrel')
    await first.drop()

    const second = await device(whole)
    expect(await second.next('pubrel')).toMatchObject({ messageId })
    await second.expectNothing()
    await second.drop()

    const third = await device(whole)
    expect(await third.next('pubrel')).toMatchObject({ messageId })
    third.send({ cmd: 'pubcomp', messageId })
    await third.drop()
    const fourth = await device(whole)
    await whole.settle()
    await fourth.expectNothing('pubrel')
    await fourth.expectNothing('publish')
    expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
  })

  it('[MQTT-4.6.0-1] [MQTT-4.6.0-6] first PUBREL and PUBLISH in their order, then the log, then what is live', async () => {
    const whole = await defaultStack({ backend, outboundManager: { inflight: 4 } })
    const first = await device(whole)
    await first.subscribe('t', { qos: 2 })
    const alice = await whole.client()
    await publish(alice, 1, 1)
    await publish(alice, 2, 2, 2)
    await publish(alice, 1, 3, 4)
    const ids: (number | undefined)[] = []
    for (let i = 0; i < 4; i++) ids.push((await first.next('publish')).messageId)
    // The second and third are received; 5 and 6 wait behind the window and were never sent.
    first.send({ cmd: 'pubrec', messageId: ids[1] })
    first.send({ cmd: 'pubrec', messageId: ids[2] })
    await first.next('pubrel')
    await first.next('pubrel')
    await first.drop()
    await publish(alice, 1, 1, 7)

    const second = await device(whole)
    const inOrder: string[] = []
    for (let i = 0; i < 4; i++) {
      const packet = await second.next()
      inOrder.push(
        packet.cmd === 'publish'
          ? `${packet.payload}${packet.dup ? ' again' : ''}`
          : `${packet.cmd} ${packet.messageId}`,
      )
    }
    expect(inOrder).toEqual(['1 again', `pubrel ${ids[1]}`, `pubrel ${ids[2]}`, '4 again'])
    await publish(alice, 1, 1, 8)
    expect(await messages(second, whole)).toEqual([])
    second.autoAck = true
    for (const messageId of [ids[1], ids[2]]) second.send({ cmd: 'pubcomp', messageId })
    for (const messageId of [ids[0], ids[3]]) second.send({ cmd: 'puback', messageId })
    expect(await messages(second, whole)).toEqual(['5', '6', '7', '8'])
  })

  it('lets nothing live overtake a session that is behind', async () => {
    const whole = await defaultStack({ backend, outboundManager: { inflight: 2 } })
    const first = await device(whole)
    await first.subscribe('t', { qos: 1 })
    const alice = await whole.client()
    await first.disconnect()
    await publish(alice, 1, 20)

    const second = await device(whole)
    const got: string[] = []
    for (let next = 21; got.length < 60; ) {
      const packet = await second.next('publish')
      got.push(packet.payload.toString())
      // One more is published for each that is acknowledged: the session never catches up for long.
      if (next <= 60) await publish(alice, 1, 1, next++)
      second.send({ cmd: 'puback', messageId: packet.messageId })
    }
    expect(got).toEqual(Array.from({ length: 60 }, (_, i) => String(i + 1)))
    await second.expectNothing()
  })

  it('goes live again once the log is read, without DUP', async () => {
    const whole = await defaultStack({ backend })
    const first = await device(whole)
    await first.subscribe('t', { qos: 1 })
    await first.disconnect()
    const alice = await whole.client()
    await publish(alice, 1, 3)
    const second = await device(whole)
    second.autoAck = true
    expect(await messages(second, whole)).toEqual(['1', '2', '3'])
    await publish(alice, 1, 200, 4)
    expect(await messages(second, whole)).toEqual(Array.from({ length: 200 }, (_, i) => String(i + 4)))
  })

  it('delivers QoS 2 exactly once, and QoS 1 at least once, in order, wherever connections end', async () => {
    for (const qos of [1, 2] as const) {
      for (let cut = 1; cut <= 6; cut++) {
        const whole = await defaultStack({ backend, outboundManager: { inflight: 3 } })
        const receiver = new ReliableReceiver()
        const alice = await whole.client()
        const first = await device(whole)
        await first.subscribe('t', { qos })
        await first.drop()
        const expected: string[] = []
        for (let i = 0; i < 8; i++) {
          expected.push(String(i + 1))
          await publish(alice, qos, 1, i + 1)
          const connection = await device(whole)
          await receiver.serve(connection, cut)
          await connection.drop()
        }
        const last = await device(whole)
        await receiver.serve(last)
        if (qos === 2) expect(receiver.delivered).toEqual(expected)
        // The last copies of all of them are in order [MQTT-4.6.0-6].
        else expect([...new Set(receiver.delivered)]).toEqual(expected)
        expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
        expect(whole.logger.errors).toEqual([])
      }
    }
  })

  it('delivers exactly once over connections that are taken over', async () => {
    const whole = await defaultStack({ backend })
    const receiver = new ReliableReceiver()
    const alice = await whole.client()
    let connection = await device(whole)
    await connection.subscribe('t', { qos: 2 })
    const expected: string[] = []
    for (let i = 1; i <= 24; i++) {
      expected.push(String(i))
      await publish(alice, 2, 1, i)
      await receiver.serve(connection, i % 5)
      connection = await device(whole)
    }
    await receiver.serve(connection)
    expect(receiver.delivered).toEqual(expected)
    expect(whole.logger.errors).toEqual([])
  })

  it('loses nothing while its receiver comes and goes, and the publisher does not notice', async () => {
    const whole = await defaultStack({ backend })
    const receiver = new ReliableReceiver()
    let connection = await device(whole)
    await connection.subscribe('t', { qos: 2 })
    const alice = await whole.client()
    const count = 120
    for (let i = 1; i <= count; i++) {
      const qos = i % 2 === 0 ? 1 : 2
      alice.send({
        cmd: 'publish',
        topic: 't',
        payload: String(i),
        qos,
        messageId: i,
        retain: false,
        dup: false,
      })
      // Turns pass, but nothing settles: connections come and go while messages are on their way.
      for (let turns = i % 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      if (i % 5 !== 0) continue
      if (i % 10 === 0) connection.stream.destroy()
      connection = whole.open({ clientId: 'device', autoAck: false })
      connection.connect({ clean: false }).catch(() => {})
    }
    await receiver.serve(connection)
    expect(alice.stream.destroyed).toBe(false)
    expect([...new Set(receiver.delivered)]).toHaveLength(count)
    const twice = receiver.delivered.filter((payload) => Number(payload) % 2 === 1)
    expect(twice).toHaveLength(count / 2)
    expect(whole.logger.errors).toEqual([])
  })
})

describe('a message that is never acknowledged', () => {
  it('holds back no other when its packet identifier comes round again, and keeps it', async () => {
    const { client, stack, settle, drops } = await defaultStack()
    const first = await client({ clientId: 'device', clean: false, autoAck: false })
    await first.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'never acknowledged', { qos: 1 })
    expect(await first.next('publish')).toMatchObject({ messageId: 1 })
    first.autoAck = true
    const packet = Publish.from({ topic: 't', payload: 'acknowledged', qos: 1 })
    const publisher = { clientId: '', identity: undefined }
    for (let sent = 0; sent < 65_536; ) {
      for (const end = Math.min(sent + 512, 65_536); sent < end; sent++)
        stack.run('relayMessage', new RelayContext(undefined, packet, publisher, undefined), new RelayStore())
      await settle()
    }
    expect(drops).toEqual([])
    expect(first.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(65_537)
    expect(first.received.at(-1)).toMatchObject({ messageId: 3 })
    await first.drop()

    const second = await client({ clientId: 'device', clean: false, autoAck: false })
    expect(await second.next('publish')).toMatchObject({ messageId: 1, dup: true })
    await second.expectNothing()
  })
})
