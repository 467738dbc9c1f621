/** Bridges of Mosquitto, by their bytes; integration/mosquitto-bridge.test.ts has the real one. */
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, messagesOf, text } from '../../../test/rig/bytes.ts'

describe.each([
  ['3.1', 3, 'MQIsdp', 0x83],
  ['3.1.1', 4, 'MQTT', 0x84],
] as const)('a bridge of %s', (_name, protocolVersion, protocol, level) => {
  async function bridge({ open }: Broker5, flags: number) {
    const client = open({ clientId: 'bridge', protocolVersion })
    client.raw(frame(0x10, text(protocol), [level, flags, 0, 0], text('bridge')))
    expect((await client.next('connack')).returnCode).toBe(0)
    return client
  }

  it('gets what others publish with the retain flag as it was, and nothing of its own', async () => {
    const rig = broker5()
    const one = await bridge(rig, 2)
    await one.subscribe('both/#', { qos: 1 })
    await one.publish('both/a', 'own', { qos: 1 })
    const other = await rig.client()
    await other.publish('both/a', 'kept', { qos: 1, retain: true })
    await other.publish('both/a', 'live')
    await rig.seconds(0)
    expect(messagesOf(one)).toEqual(['both/a kept q1 r', 'both/a live q0'])
  })

  it('nothing of its own when its session is resumed either', async () => {
    const rig = broker5()
    const first = await bridge(rig, 0)
    await first.subscribe('both/#', { qos: 1 })
    await first.drop()
    const one = await bridge(rig, 0)
    await one.publish('both/a', 'own', { qos: 1 })
    await (await rig.client()).publish('both/a', 'other')
    await rig.seconds(0)
    expect(messagesOf(one)).toEqual(['both/a other q0'])
  })

  it('gets of its own what it shares with others, as every member does', async () => {
    const rig = broker5()
    const one = await bridge(rig, 2)
    await one.subscribe('$share/g/both/#')
    await one.publish('both/a', 'own')
    await rig.seconds(0)
    expect(messagesOf(one)).toEqual(['both/a own q0'])
  })
})

it('the bit means nothing in 5.0, where no level has it', async () => {
  const client = broker5().open({ protocolVersion: 4 })
  client.raw(frame(0x10, text('MQTT'), [0x85, 2, 0, 0, 0], text('bridge')))
  expect((await client.next('connack')).returnCode).toBe(1)
  await client.closed
})
