/** A right that is taken away: nothing that waits anywhere reaches the client any more, on every backend. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../test/rig/backends.ts'
import type { DefaultStack } from '../test/rig/default-stack.ts'
import { defaultStack } from '../test/rig/default-stack.ts'
import { Revoking } from './revoking.ts'

const payloads = ({ received }: TestClient): string[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

describe.each(BACKENDS)('a right that is taken away, with %s', (_name, backend) => {
  const rights = (): { revoking: Revoking; test: Promise<DefaultStack> } => {
    const revoking = new Revoking()
    const outboundManager = { inflight: 1 }
    return { revoking, test: defaultStack({ use: [revoking], backend: backend(), outboundManager }) }
  }

  it('keeps a client that is away from what its log holds, and others from nothing', async () => {
    const { revoking, test } = rights()
    const { client, settle } = await test
    for (const [clientId, username] of [
      ['joe 1', 'joe'],
      ['joe 2', 'joe'],
      ['jane', 'jane'],
    ]) {
      const one = await client({ clientId, username, clean: false })
      await one.subscribe(['secret/+', '#'], { qos: 2 })
      await one.disconnect()
    }
    const alice = await client({ clientId: 'alice' })
    const publish = async (round: number): Promise<void> => {
      for (const qos of [1, 2] as const)
        for (const topic of ['secret/a', 'open'])
          await alice.publish(topic, `${topic} ${round} ${qos}`, { qos })
    }
    await publish(1)
    await revoking.revoke('joe', 'secret/#')
    await publish(2)
    const open = ['open 1 1', 'open 1 2', 'open 2 1', 'open 2 2']
    for (const clientId of ['joe 1', 'joe 2']) {
      const joe = await client({ clientId, username: 'joe', clean: false })
      await settle()
      expect(payloads(joe)).toEqual(open)
    }
    const jane = await client({ clientId: 'jane', username: 'jane', clean: false })
    await settle()
    expect(payloads(jane)).toHaveLength(8)
  })

  it.each([true, false])(
    'keeps a connected client from what waits in its queue or log (clean: %s)',
    async (clean) => {
      const { revoking, test } = rights()
      const { client, settle, open } = await test
      const joe = await client({ clientId: 'joe', username: 'joe', clean })
      await joe.subscribe('#', { qos: 1 })
      joe.autoAck = false
      const alice = await client({ clientId: 'alice' })
      for (const topic of ['first', 'secret/a', 'open']) await alice.publish(topic, topic, { qos: 1 })
      const { messageId } = await joe.next('publish')
      await revoking.revoke('joe', 'secret/#')
      joe.autoAck = true
      joe.send({ cmd: 'puback', messageId })
      await alice.publish('secret/b', 'live', { qos: 0 })
      await settle()
      expect(payloads(joe)).toEqual(['first', 'open'])
      await joe.drop()
      expect(
        (await open({ clientId: 'joe' }).connect({ username: 'joe', clean: false })).sessionPresent,
      ).toBe(!clean)
    },
  )

  it('keeps it from what is retained, and from subscribing again', async () => {
    const { revoking, test } = rights()
    const { client, settle } = await test
    const alice = await client({ clientId: 'alice' })
    for (const topic of ['secret/a', 'open']) await alice.publish(topic, topic, { qos: 1, retain: true })
    await revoking.revoke('joe', 'secret/#')
    const joe = await client({ clientId: 'joe', username: 'joe' })
    expect(await joe.subscribe(['secret/a', '$share/g/secret/a', '#'], { qos: 1 })).toMatchObject({
      granted: [0x80, 0x80, 1],
    })
    await settle()
    expect(payloads(joe)).toEqual(['open'])
    const jane = await client({ clientId: 'jane', username: 'jane' })
    await jane.subscribe('secret/a')
    expect((await jane.message()).payload).toBe('secret/a')
  })

  it('ends what was subscribed with it, in sessions of all pages', async () => {
    const { revoking, test } = rights()
    const { client, stack } = await test
    for (let i = 0; i < 120; i++) {
      const one = await client({ clientId: `joe ${i}`, username: 'joe', clean: false })
      await one.subscribe(['secret/+', '$share/g/secret/a', 'open'], { qos: 1 })
      if (i % 2 === 0) await one.drop()
    }
    await revoking.revoke('joe', 'secret/#')
    for (let i = 0; i < 120; i++) {
      const left = await stack.call('lookupSubscriptions', { clientId: `joe ${i}` })
      expect(left.map(({ topic }) => topic)).toEqual(['open'])
    }
  })
})
