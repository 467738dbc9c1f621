/** The one way out: whatever is written to a client is seen, changed or withheld by sendMessage. */
import type { MiddlewareLike, SendContext } from '@mqtt-stack/core'
import { DONE } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

/** Notes what is written, to whom and how: `device: t 1 q1 r d`. */
const notesIn = (seen: string[]): MiddlewareLike => ({
  name: 'Notes',
  sendMessage(ctx) {
    seen.push(`${ctx.client.id}: ${described(ctx)}`)
  },
})

function described({ topic, packet, qos, retain, dup }: SendContext): string {
  return [topic, packet.payload, `q${qos}`, retain ? 'r' : '', dup ? 'd' : ''].filter(Boolean).join(' ')
}

/** Withholds what has one of these payloads. */
const withholding = (...payloads: string[]): MiddlewareLike => ({
  name: 'Rights',
  sendMessage: ({ packet }) => (payloads.includes(packet.payload.toString()) ? DONE : undefined),
})

/** Takes `in/` off every topic, and says in the payload that it came by. */
const stripping: MiddlewareLike = {
  name: 'Strip',
  sendMessage(ctx) {
    ctx.packet = ctx.packet.with({ topic: ctx.topic.slice(3), payload: `${ctx.packet.payload}!` })
  },
}

/** What came, as `topic payload`, with `again` where it is a duplicate. */
async function came(client: TestClient, { settle }: DefaultStack): Promise<string[]> {
  await settle()
  return client.received.flatMap((packet) =>
    packet.cmd === 'publish' ? [`${packet.topic} ${packet.payload}${packet.dup ? ' again' : ''}`] : [],
  )
}

const KEPT = { clientId: 'device', clean: false }

describe('what a handler of sendMessage sees', () => {
  it('is what is written live, at the QoS of the delivery', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)] })
    const device = await whole.client({ clientId: 'device' })
    await device.subscribe([
      { topic: 'a', qos: 0 },
      { topic: 'b', qos: 1 },
      { topic: 'c', qos: 2 },
    ])
    const alice = await whole.client()
    for (const topic of ['a', 'b', 'c']) await alice.publish(topic, '1', { qos: 2 })
    expect(seen).toEqual(['device: a 1 q0', 'device: b 1 q1', 'device: c 1 q2'])
  })

  it('is what waited in a queue, once, when it is written', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)], outboundManager: { inflight: 1 } })
    const device = await whole.client({ clientId: 'device', autoAck: false })
    await device.subscribe('t', { qos: 1 })
    const alice = await whole.client()
    for (const payload of ['1', '2']) await alice.publish('t', payload, { qos: 1 })
    expect(seen).toEqual(['device: t 1 q1'])
    const { messageId } = await device.next('publish')
    device.send({ cmd: 'puback', messageId })
    await whole.settle()
    expect(seen).toEqual(['device: t 1 q1', 'device: t 2 q1'])
  })

  it('is what was retained, and says so', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)] })
    await (await whole.client()).publish('t', '1', { retain: true })
    await (await whole.client({ clientId: 'device' })).subscribe('t')
    await whole.settle()
    expect(seen).toEqual(['device: t 1 q0 r'])
  })

  it('is what a log kept, and what is sent again, with DUP', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)] })
    const device = await whole.client({ ...KEPT, autoAck: false })
    await device.subscribe('t', { qos: 2 })
    const alice = await whole.client()
    await alice.publish('t', '1', { qos: 2 })
    await device.drop()
    await alice.publish('t', '2', { qos: 1 })
    await whole.client({ ...KEPT, autoAck: false })
    await whole.settle()
    expect(seen).toEqual(['device: t 1 q2', 'device: t 1 q2 d', 'device: t 2 q1'])
  })

  it('is not PUBREL, which is sent again without the message', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)] })
    const device = await whole.client({ ...KEPT, autoAck: false })
    await device.subscribe('t', { qos: 2 })
    await (await whole.client()).publish('t', '1', { qos: 2 })
    const { messageId } = await device.next('publish')
    device.send({ cmd: 'pubrec', messageId })
    await device.next('pubrel')
    await device.drop()
    const again = await whole.client({ ...KEPT, autoAck: false })
    await again.next('pubrel')
    expect(seen).toEqual(['device: t 1 q2'])
  })

  it('is not what is over', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [notesIn(seen)], clients: { protocolVersion: 5 } })
    const kept = { ...KEPT, properties: { sessionExpiryInterval: 600 } }
    const device = await whole.client(kept)
    await device.subscribe('t', { qos: 1 })
    await device.drop()
    const properties = { messageExpiryInterval: 1 }
    await (await whole.client()).publish('t', '1', { qos: 1, properties })
    await whole.clock.advance(2_000)
    await whole.client(kept)
    await whole.settle()
    expect(seen).toEqual([])
    expect(whole.drops.map(({ reason }) => reason)).toEqual(['expired'])
  })

  it('names who published, also of what waited', async () => {
    const authors: (string | undefined)[] = []
    const whole = await defaultStack({
      use: [{ name: 'Authors', sendMessage: ({ publisher }) => void authors.push(publisher?.clientId) }],
    })
    const device = await whole.client(KEPT)
    await device.subscribe('t', { qos: 1 })
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'live', { qos: 1 })
    await device.disconnect()
    await alice.publish('t', 'kept', { qos: 1 })
    await whole.client(KEPT)
    await whole.settle()
    expect(authors).toEqual(['alice', 'alice'])
  })
})

describe.each(BACKENDS)('what is put in its place, from a backend %s', (_name, backend) => {
  it.each([0, 1, 2] as const)('is written instead, QoS %i', async (qos) => {
    const whole = await defaultStack({ backend, use: [stripping] })
    const device = await whole.client(KEPT)
    await device.subscribe('in/t', { qos })
    await (await whole.client()).publish('in/t', '1', { qos })
    expect(await came(device, whole)).toEqual(['t 1!'])
  })

  it('is written instead out of the log, again, and retained; the message that is kept stays as it was', async () => {
    const whole = await defaultStack({ backend, use: [stripping] })
    const device = await whole.client({ ...KEPT, autoAck: false })
    await device.subscribe('in/t', { qos: 1 })
    const alice = await whole.client()
    await alice.publish('in/t', '1', { qos: 1 })
    await whole.settle()
    await device.drop()
    await alice.publish('in/t', '2', { qos: 1, retain: true })
    const again = await whole.client(KEPT)
    expect(await came(again, whole)).toEqual(['t 1! again', 't 2!'])
    await again.subscribe('in/t', { qos: 1 })
    expect(await came(again, whole)).toEqual(['t 1! again', 't 2!', 't 2!'])
    expect(whole.memory.stats).toMatchObject({ messages: 0 })
  })
})

describe('what is put in the place of a 5.0 message', () => {
  it('has the topic alias of its own topic, and what is left of its expiry', async () => {
    const whole = await defaultStack({
      use: [stripping],
      outboundManager: { topicAliases: 4 },
      clients: { protocolVersion: 5 },
    })
    const device = await whole.client({
      ...KEPT,
      properties: { topicAliasMaximum: 4, sessionExpiryInterval: 600 },
    })
    await device.subscribe('in/+', { qos: 1, properties: { subscriptionIdentifier: 7 } })
    const alice = await whole.client()
    const properties = { messageExpiryInterval: 60, userProperties: { a: 'b' } }
    for (let i = 0; i < 2; i++) await alice.publish('in/t', '1', { qos: 1, properties })
    await whole.settle()
    const sent = device.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []))
    expect(sent.map(({ topic, properties: { topicAlias } = {} }) => [topic, topicAlias])).toEqual([
      ['t', 1],
      ['', 1],
    ])
    for (const { payload, properties: own } of sent) {
      expect(String(payload)).toBe('1!')
      expect(own).toMatchObject({ messageExpiryInterval: 60, subscriptionIdentifier: 7 })
      expect(own?.userProperties).toEqual([['a', 'b']])
    }
  })
})

describe.each(BACKENDS)('what is withheld, from a backend %s', (_name, backend) => {
  it.each([0, 1, 2] as const)('is told, and holds back nothing behind it, QoS %i', async (qos) => {
    const whole = await defaultStack({
      backend,
      use: [withholding('1', '3')],
      outboundManager: { inflight: 1 },
    })
    const device = await whole.client(KEPT)
    await device.subscribe('t', { qos })
    const alice = await whole.client()
    for (const payload of ['1', '2', '3', '4']) await alice.publish('t', payload, { qos })
    expect(await came(device, whole)).toEqual(['t 2', 't 4'])
    expect(whole.drops).toEqual([
      { clientId: 'device', topic: 't', payload: '1', reason: 'withheld' },
      { clientId: 'device', topic: 't', payload: '3', reason: 'withheld' },
    ])
    expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
  })

  it.each([1, 2] as const)('leaves the log of a session that comes back, QoS %i', async (qos) => {
    const whole = await defaultStack({
      backend,
      use: [withholding('1', '2')],
      outboundManager: { inflight: 1 },
    })
    const device = await whole.client(KEPT)
    await device.subscribe('t', { qos })
    await device.drop()
    const alice = await whole.client()
    for (const payload of ['1', '2', '3']) await alice.publish('t', payload, { qos })
    const again = await whole.client(KEPT)
    expect(await came(again, whole)).toEqual(['t 3'])
    expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
  })

  it('[MQTT-4.3.3-10] frees the identifier of a QoS 2 message that was sent before by PUBREL', async () => {
    const refused: string[] = []
    const rights: MiddlewareLike = {
      name: 'Rights',
      sendMessage: ({ packet }) => (refused.includes(String(packet.payload)) ? DONE : undefined),
    }
    const whole = await defaultStack({ backend, use: [rights] })
    const device = await whole.client({ ...KEPT, autoAck: false })
    await device.subscribe('t', { qos: 2 })
    await (await whole.client()).publish('t', '1', { qos: 2 })
    const { messageId } = await device.next('publish')
    await device.drop()
    refused.push('1')
    const again = await whole.client({ ...KEPT, autoAck: false })
    expect(await again.next('pubrel')).toMatchObject({ messageId })
    expect(await came(again, whole)).toEqual([])
    again.send({ cmd: 'pubcomp', messageId })
    await whole.settle()
    await again.drop()
    const third = await whole.client({ ...KEPT, autoAck: false })
    await third.expectNothing()
    expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
  })
})

describe('what is withheld', () => {
  it('is withheld of a shared subscription too, and goes to nobody else', async () => {
    const whole = await defaultStack({ use: [withholding('2')] })
    const members = [await whole.client(KEPT), await whole.client({ clientId: 'other', clean: false })]
    for (const member of members) await member.subscribe('$share/g/t', { qos: 1 })
    const alice = await whole.client()
    for (const payload of ['1', '2', '3']) await alice.publish('t', payload, { qos: 1 })
    const all = [...(await came(members[0], whole)), ...(await came(members[1], whole))]
    expect(all.sort()).toEqual(['t 1', 't 3'])
    expect(whole.drops.map(({ payload, reason }) => `${payload} ${reason}`)).toEqual(['2 withheld'])
    expect(whole.memory.stats).toMatchObject({ messages: 0 })
  })

  it('is told with the reason that its handler gives', async () => {
    const rights: MiddlewareLike = {
      name: 'Rights',
      sendMessage(_ctx, store) {
        store.reason = 'not-authorized'
        return DONE
      },
    }
    const whole = await defaultStack({ use: [rights] })
    const device = await whole.client({ clientId: 'device' })
    await device.subscribe('t')
    await (await whole.client()).publish('t', '1')
    expect(whole.drops).toMatchObject([{ clientId: 'device', reason: 'not-authorized' }])
  })

  it.each([1, 2] as const)(
    'frees its place in the window of a session without a log, QoS %i',
    async (qos) => {
      const whole = await defaultStack({
        use: [withholding('1', '2', '4')],
        outboundManager: { inflight: 2 },
      })
      const device = await whole.client({ autoAck: false })
      await device.subscribe('t', { qos })
      const alice = await whole.client()
      for (const payload of ['1', '2', '3', '4', '5', '6']) await alice.publish('t', payload, { qos })
      expect(await came(device, whole)).toEqual(['t 3', 't 5'])
      device.autoAck = true
      const ids = [await device.next('publish'), await device.next('publish')].map((one) => one.messageId)
      for (const messageId of ids) device.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId })
      expect(await came(device, whole)).toEqual(['t 3', 't 5', 't 6'])
    },
  )

  it('is nothing of what is retained, however much of it there is', async () => {
    const whole = await defaultStack({ use: [withholding('secret')], outboundManager: { inflight: 2 } })
    const alice = await whole.client()
    for (let i = 0; i < 300; i++)
      await alice.publish(`t/${i}`, i % 3 === 0 ? 'open' : 'secret', { retain: true })
    const device = await whole.client(KEPT)
    await device.subscribe('t/#', { qos: 1 })
    expect(await came(device, whole)).toHaveLength(100)
    expect(whole.drops).toHaveLength(200)
  })
})

describe('a handler of sendMessage', () => {
  it('may answer by next and done', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      sendMessage({ packet }, _store, next, done) {
        if (packet.payload.toString() === '1') done()
        else next()
      },
    }
    const whole = await defaultStack({ use: [rule] })
    const device = await whole.client()
    await device.subscribe('t', { qos: 1 })
    const alice = await whole.client()
    for (const payload of ['1', '2']) await alice.publish('t', payload, { qos: 1 })
    expect(await came(device, whole)).toEqual(['t 2'])
  })

  it('is the next in line for what the one before it changed', async () => {
    const seen: string[] = []
    const whole = await defaultStack({ use: [stripping, notesIn(seen)] })
    const device = await whole.client({ clientId: 'device' })
    await device.subscribe('in/t')
    await (await whole.client()).publish('in/t', '1')
    expect(seen).toEqual(['device: t 1! q0'])
  })

  it.each<[string, MiddlewareLike['sendMessage'], string]>([
    ['throws', () => fails(new Error('broken')), 'broken'],
    ['answers later', (async () => {}) as never, 'answer it by return'],
    ['does not call next at once', (_ctx, _store, _next) => {}, 'answer it by return'],
    ...['', 'a/#', '+', 'a\0b'].map((topic): [string, MiddlewareLike['sendMessage'], string] => [
      `puts ${JSON.stringify(topic)} in place of the topic`,
      (ctx) => {
        ctx.packet = ctx.packet.with({ topic })
      },
      `not a topic name: ${JSON.stringify(topic)}`,
    ]),
  ])('that %s loses nothing: the connection ends, and the log keeps it', async (_what, sendMessage, why) => {
    const rule: MiddlewareLike = { name: 'Rule', sendMessage }
    const whole = await defaultStack({ use: [rule] })
    const device = await whole.client(KEPT)
    await device.subscribe('t', { qos: 1 })
    await (await whole.client()).publish('t', '1', { qos: 1 })
    await device.closed
    expect(await came(device, whole)).toEqual([])
    expect(whole.logger.errors.join()).toContain(why)
    expect(whole.memory.stats).toMatchObject({ messages: 1 })
    rule.sendMessage = undefined
    whole.stack.refresh()
    const again = await whole.client(KEPT)
    expect((await came(again, whole)).map((one) => one.replace(' again', ''))).toEqual(['t 1'])
    expect(whole.memory.stats).toMatchObject({ messages: 0 })
  })
})

function fails(error: Error): never {
  throw error
}
