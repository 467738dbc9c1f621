/** A QoS 2 message that could not be committed is sent again by its publisher: who had it, and keeps no log, has it once. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../test/rig/nodes.ts'
import { TestService } from '../../../../test/rig/nodes.ts'

const MESSAGE = { cmd: 'publish', topic: 't', qos: 2, messageId: 5, retain: false } as const

let service: TestService
let one: TestNode

beforeEach(async () => {
  service = new TestService()
  one = await service.join('one')
})

async function reader(filter: string, clean = true, clientId = `reader of ${filter}`): Promise<TestClient> {
  const client = await one.client({ clientId, clean })
  await client.subscribe(filter, { qos: 2 })
  return client
}

/** Publishes a message whose commit fails, so that the connection is closed; then, on another one, what is to follow. */
async function publish(then: { payload: string; dup: boolean }, failures = 1): Promise<void> {
  const sender = one.open({ clientId: 'sender' })
  await sender.connect({ clean: false })
  let client = sender
  for (let i = 0; i < failures; i++) {
    service.store.lose('one', 'write', 'failed')
    client.send({ ...MESSAGE, payload: 'x', dup: i > 0 })
    await client.closed
    await service.clock.advance(1_000)
    client = one.open({ clientId: 'sender' })
    await client.connect({ clean: false })
  }
  client.send({ ...MESSAGE, ...then })
  await service.clock.advance(2_000)
  expect(client.received.some(({ cmd }) => cmd === 'pubcomp')).toBe(true)
}

function payloads(...clients: TestClient[]): string[] {
  const packets = clients.flatMap(({ received }) => received)
  return packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : [])).sort()
}

describe('a QoS 2 message that could not be committed, and is sent again,', () => {
  it.each(['t', '$share/g/t'])('comes once to a subscriber of %s without a log', async (filter) => {
    const client = await reader(filter)
    await publish({ payload: 'x', dup: true })
    expect(payloads(client)).toEqual(['x'])
  })

  it.each(['t', '$share/g/t'])('comes once to a subscriber of %s with a log', async (filter) => {
    const client = await reader(filter, false)
    await publish({ payload: 'x', dup: true })
    expect(payloads(client)).toEqual(['x'])
  })

  it('comes to one member of a group, however often it fails', async () => {
    const members = [await reader('$share/g/t', true, 'a'), await reader('$share/g/t', true, 'b')]
    const plain = await reader('t')
    await publish({ payload: 'x', dup: true }, 3)
    expect([payloads(...members), payloads(plain)]).toEqual([['x'], ['x']])
  })

  it('does not go to a member elsewhere that another one here had', async () => {
    const two = await service.join('two')
    const near = await reader('$share/g/t')
    const sender = one.open({ clientId: 'sender' })
    await sender.connect({ clean: false })
    service.store.lose('one', 'write', 'failed')
    sender.send({ ...MESSAGE, payload: 'x', dup: false })
    await sender.closed
    await near.unsubscribe('$share/g/t')
    const far = await two.client({ clientId: 'far' })
    await far.subscribe('$share/g/t', { qos: 2 })
    await service.clock.advance(1_000)
    const again = one.open({ clientId: 'sender' })
    await again.connect({ clean: false })
    again.send({ ...MESSAGE, payload: 'x', dup: true })
    await service.clock.advance(2_000)
    expect(payloads(near, far)).toEqual(['x'])
  })

  it('comes to other nodes, which have not had it', async () => {
    const two = await service.join('two')
    const far = await two.client({ clientId: 'far' })
    await far.subscribe(['t', '$share/g/t'], { qos: 2 })
    await publish({ payload: 'x', dup: true })
    expect(payloads(far)).toEqual(['x', 'x'])
  })
})

it('another message of the same identifier comes to all', async () => {
  const clients = [await reader('t'), await reader('$share/g/t')]
  await publish({ payload: 'y', dup: false })
  expect(clients.map((client) => payloads(client))).toEqual([
    ['x', 'y'],
    ['x', 'y'],
  ])
})
