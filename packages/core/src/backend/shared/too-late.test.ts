/** What a node still writes when others have given it up. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** Time for a lease to end, to be seen as ended, and for what is left to be taken. */
const ADOPTED = 20_000

describe('a node that hangs, and goes on when it was adopted', () => {
  it('does not put an older retained message over a newer one', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const publisher = await a.client({ clientId: 'publisher', protocolVersion: 5 })
    service.store.hang('a')
    publisher.send({
      cmd: 'publish',
      topic: 't',
      payload: 'older',
      qos: 1,
      messageId: 1,
      retain: true,
      dup: false,
    })
    await service.clock.advance(ADOPTED)
    const again = await b.client({ clientId: 'publisher', protocolVersion: 5 })
    await again.publish('t', 'newer', { qos: 1, retain: true })
    service.store.heal('a')
    await service.clock.advance(ADOPTED)
    const reader = await b.client({ clientId: 'reader' })
    await reader.subscribe('t')
    expect(await reader.message()).toMatchObject({ payload: 'newer' })
  })

  it('refuses a QoS 1 message that comes to a node where nobody is any more whom it was for', async () => {
    const service = new TestService()
    const [a, b, c] = [await service.join('a'), await service.join('b'), await service.join('c')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t', { qos: 1 })
    await bob.drop()
    const sender = await c.client({ clientId: 'sender', protocolVersion: 5 })
    const store = service.storeOf('c')
    const send = store.send.bind(store)
    let go = (): void => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    store.send = async (node, entry) => {
      await held
      return send(node, entry)
    }
    sender.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId: 1, retain: false, dup: false })
    await service.settle()
    // What it sent comes before it hears that others have gone on without it.
    store.renew = () => new Promise(() => {})
    store.write = () => new Promise(() => {})
    store.receive = () => new Promise(() => {})
    await service.clock.advance(ADOPTED)
    const back = await b.client({ ...STORED, clientId: 'bob' })
    go()
    await service.clock.advance(1_000)
    await back.expectNothing('publish')
    expect(sender.received.find(({ cmd }) => cmd === 'puback')).toMatchObject({ reasonCode: 0x97 })
  })

  it('keeps nobody out by a session that it was about to make', async () => {
    const service = new TestService()
    const b = await service.join('b')
    const ghost = service.store.node('ghost')
    ghost.listen({ reach: () => {}, cast: () => {} })
    await ghost.open()
    await ghost.swap('s/bob', undefined, 'ghost/1')
    expect(await ghost.leave('')).toBe(true)
    const codes: (number | undefined)[] = []
    for (let i = 0; i < 3 && codes.at(-1) !== 0; i++) {
      const client = b.open({ clientId: 'bob', protocolVersion: 5 })
      client.send({
        cmd: 'connect',
        clientId: 'bob',
        properties: STORED.properties,
        protocolId: 'MQTT',
        protocolVersion: 5,
        keepalive: 0,
        clean: false,
      })
      await service.clock.advance(15_000)
      codes.push((await client.next('connack')).reasonCode)
    }
    expect(codes.at(-1)).toBe(0)
  })
})
