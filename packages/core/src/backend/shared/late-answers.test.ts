/** The directory has a session at a node before that one knows: who asks for it meanwhile does not take it for gone. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** Time for a lease to end, to be seen as ended, and for what is left to be taken. */
const ADOPTED = 20_000

async function threeNodes(): Promise<{ service: TestService; a: TestNode; b: TestNode; c: TestNode }> {
  const service = new TestService()
  return { service, a: await service.join('a'), b: await service.join('b'), c: await service.join('c') }
}

/** A session at `a` with a message in its log. */
async function leaveBob(a: TestNode): Promise<TestClient> {
  const bob = await a.client({ ...STORED, clientId: 'bob' })
  await bob.subscribe('t', { qos: 1 })
  await bob.drop()
  const alice = await a.client({ clientId: 'alice' })
  await alice.publish('t', 'first', { qos: 1 })
  return alice
}

const payloads = ({ received }: TestClient): string[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

/** Asks a node for the session; `hear` is called when it has asked for it in vain. */
async function comeTo(service: TestService, node: TestNode, hear: () => void): Promise<TestClient> {
  const bob = node.open({ clientId: 'bob', protocolVersion: 5 })
  // Whoever waits in vain gives up; that it is answered later is seen below.
  bob.connect({ ...STORED }).catch(() => {})
  await service.clock.advance(500)
  hear()
  await service.clock.advance(2_000)
  const connacks = bob.received.filter(({ cmd }) => cmd === 'connack')
  expect(connacks).toMatchObject([{ reasonCode: 0, sessionPresent: true }])
  return bob
}

describe('a session is asked for at a node that does not know yet', () => {
  it('that it has come to it', async () => {
    const { service, a, b, c } = await threeNodes()
    const alice = await leaveBob(a)
    const hear = service.holdNames('b')
    b.open({ clientId: 'bob', protocolVersion: 5, autoAck: false })
      .connect({ ...STORED })
      .catch(() => {})
    await service.clock.advance(100)
    const bob = await comeTo(service, c, hear)
    await alice.publish('t', 'second', { qos: 1 })
    await service.clock.advance(100)
    expect(payloads(bob)).toEqual(['first', 'second'])
  })

  it('that it has adopted it', async () => {
    const { service, a, b, c } = await threeNodes()
    await leaveBob(a)
    const releases = ['b', 'c'].map((node) => service.holdNames(node))
    service.store.kill('a')
    await service.clock.advance(ADOPTED)
    const other = b.backend.stats.sessions > 0 ? c : b
    const bob = await comeTo(service, other, () => {
      for (const release of releases) release()
    })
    const carol = await other.client({ clientId: 'carol' })
    await carol.publish('t', 'second', { qos: 1 })
    await service.clock.advance(100)
    expect(payloads(bob)).toEqual(['first', 'second'])
  })

  it('that it stays with it, whose new home has died', async () => {
    const { service, a, b, c } = await threeNodes()
    await leaveBob(a)
    service.store.lag = 10
    const hear = service.holdNames('a')
    b.open({ clientId: 'bob', protocolVersion: 5 })
      .connect({ ...STORED })
      .catch(() => {})
    // It has asked for the session, and has not got all of it.
    await service.clock.advance(75)
    service.store.kill('b')
    service.store.lag = 0
    await service.clock.advance(ADOPTED)
    const bob = await comeTo(service, c, hear)
    const carol = await c.client({ clientId: 'carol' })
    await carol.publish('t', 'second', { qos: 1 })
    await service.clock.advance(100)
    expect(payloads(bob)).toEqual(['first', 'second'])
  })

  it('that a new one is its to make: there is one connection in the end', async () => {
    const { service, b, c } = await threeNodes()
    const hear = service.holdNames('b')
    const first = b.open({ clientId: 'bob', protocolVersion: 5 })
    first.connect({ ...STORED }).catch(() => {})
    await service.clock.advance(100)
    await comeTo(service, c, hear)
    const goodbyes = first.received.filter(({ cmd }) => cmd === 'disconnect')
    expect(goodbyes).toMatchObject([{ reasonCode: 0x8e }])
    expect([b, c].map(({ backend }) => backend.stats.sessions)).toEqual([0, 1])
  })
})

it('who comes where the store neither says nor takes where a session is hears so', async () => {
  const service = new TestService()
  const one = await service.join('one')
  service.storeOf('one').swap = () => Promise.reject(new Error('its memory is full'))
  const late = one.open({ clientId: 'late', protocolVersion: 5 })
  expect(await late.connect()).toMatchObject({
    reasonCode: 0x88,
    properties: {
      reasonString:
        'the store does not say which node has the session of this client identifier, or takes no new one',
    },
  })
})
