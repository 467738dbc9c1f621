/** Whoever rules over messages knows where each comes from. */
import type { MessageOrigin } from '@mqtt-stack/core'
import { Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import { expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, text } from '../../../test/rig/bytes.ts'

it('relayMessage and messagePublished say whether it is a client, a will, a bridge or the broker', async () => {
  const asked: [string, MessageOrigin][] = []
  const told: [string, MessageOrigin][] = []
  const rig = broker5({
    use: [
      {
        name: 'Origins',
        relayMessage: ({ topic, origin }) => void asked.push([topic, origin]),
        messagePublished: ({ packet, origin }) => void told.push([packet.topic, origin]),
      },
    ],
  })
  const will = { topic: 'will', payload: Buffer.from(''), qos: 0, retain: false } as const
  const client = await rig.client({ will })
  await client.publish('client', '', { qos: 2 })
  await client.drop()
  const delayed = await rig.client({
    will: { ...will, topic: 'delayed', properties: { willDelayInterval: 1 } },
    properties: { sessionExpiryInterval: 10 },
  })
  await delayed.drop()
  await rig.seconds(2)
  await rig.broker.publish('broker', '')
  const bridge = rig.open({ clientId: 'bridge', protocolVersion: 4 })
  bridge.raw(frame(0x10, text('MQTT'), [0x84, 2, 0, 0], text('bridge')))
  await bridge.next('connack')
  await bridge.publish('bridge', '')
  const expected = ['client', 'will', 'delayed', 'broker', 'bridge'].map((topic) => [
    topic,
    topic === 'delayed' ? 'will' : topic,
  ])
  expect(asked).toEqual(expected)
  expect(told).toEqual(expected)
})

it('a middleware that brings in messages of another broker says so, and is kept out of control topics', async () => {
  const { broker } = broker5()
  await broker.start()
  const nobody = { clientId: '', identity: undefined }
  for (const topic of ['a', '$SYS/a']) {
    const packet = Publish.from({ topic })
    const relayed = new RelayStore()
    await broker.stack.call(
      'relayMessage',
      new RelayContext(undefined, packet, nobody, undefined, 'bridge'),
      relayed,
    )
    expect(relayed.vetoed).toBe(topic === '$SYS/a')
  }
})
