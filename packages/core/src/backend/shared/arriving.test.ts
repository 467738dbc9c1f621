/** A session that is on its way when the node that it comes from dies. */
import { expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
const PROTOCOL = { protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const

it.each([2_000, 12_000, 17_000, 25_000])(
  'is not lost where its new home cannot write down for %i ms that it has it',
  async (ms) => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t', { qos: 1 })
    await bob.drop()
    const sender = await b.client({ clientId: 'sender' })
    await sender.publish('t', 'kept', { qos: 1 })
    const allow = service.refuseNames('b')
    const { properties } = STORED
    const first = b.open({ clientId: 'bob', protocolVersion: 5 })
    first.send({ cmd: 'connect', clientId: 'bob', clean: false, properties, ...PROTOCOL })
    await service.clock.advance(500)
    service.store.kill('a')
    await service.clock.advance(ms)
    allow()
    await service.clock.advance(40_000)
    await first.drop()
    const back = b.open({ clientId: 'bob', protocolVersion: 5 })
    back.send({ cmd: 'connect', clientId: 'bob', clean: false, properties, ...PROTOCOL })
    await service.clock.advance(10_000)
    expect(await back.next('connack')).toMatchObject({ reasonCode: 0, sessionPresent: true })
    const received = [...first.received, ...back.received]
    const payloads = received.flatMap((one) => (one.cmd === 'publish' ? [one.payload.toString()] : []))
    expect([...new Set(payloads)]).toEqual(['kept'])
    await sender.publish('t', 'more', { qos: 1 })
    await service.clock.advance(1_000)
    expect(back.received.some((one) => one.cmd === 'publish' && one.payload.toString() === 'more')).toBe(true)
  },
)
