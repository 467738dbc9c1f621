/** How far a node has applied what others sent it: written down with what had to be kept of it, and otherwise by the way. */
import { expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

/** No longer than this it is put off. */
const PUT_OFF = 100
const ADOPTED = 20_000

async function scene() {
  const service = new TestService()
  const one = await service.join('one')
  const two = await service.join('two')
  const reader = await one.client({ clientId: 'reader' })
  await reader.subscribe('a', { qos: 2 })
  const sender = await two.client({ clientId: 'sender' })
  await service.clock.advance(PUT_OFF)
  return { service, one, two, reader, sender, writes: service.countWrites('one') }
}

it('messages that nobody has to keep cost no write, and no wait for one', async () => {
  const { service, reader, sender, writes } = await scene()
  for (let i = 0; i < 20; i++) {
    await sender.publish('a', String(i), { qos: 1 })
    expect(await reader.message()).toMatchObject({ payload: String(i) })
  }
  expect(writes()).toBe(0)
  await service.clock.advance(PUT_OFF)
  expect(writes()).toBe(1)
  expect(service.store.left.parts.one.entries).toBe(0)
  await service.clock.advance(PUT_OFF)
  expect(writes()).toBe(1)
})

it('many of them are written down before the time is over, and go out of the inbox', async () => {
  const { service, sender, writes } = await scene()
  for (let i = 0; i < 200; i++) await sender.publish('a', String(i), { qos: 1 })
  await service.settle()
  expect(writes()).toBe(3)
  expect(service.store.left.parts.one.entries).toBeLessThan(64)
})

it('what is written meanwhile says how far it was: a later subscription gets no earlier message, whoever has it then', async () => {
  const { service, one, two, reader, sender } = await scene()
  await sender.publish('a', 'before', { qos: 2 })
  await reader.message()
  const bob = await one.client({ clientId: 'bob', clean: false })
  await bob.subscribe('a', { qos: 2 })
  service.store.kill('one')
  await service.clock.advance(ADOPTED)
  const back = two.open({ clientId: 'bob' })
  expect(await back.connect({ clean: false })).toMatchObject({ sessionPresent: true })
  await back.expectNothing()
})

it('where nothing is kept it is lost with the node, and comes to nobody twice', async () => {
  const { service, one, two, reader, sender } = await scene()
  const bob = await one.client({ clientId: 'bob', clean: false })
  await bob.subscribe('b', { qos: 2 })
  await sender.publish('b', 'kept', { qos: 2 })
  expect(await bob.message()).toMatchObject({ payload: 'kept' })
  for (let i = 0; i < 5; i++) await sender.publish('a', String(i), { qos: 2 })
  for (let i = 0; i < 5; i++) await reader.message()
  service.store.kill('one')
  await service.clock.advance(ADOPTED)
  const back = two.open({ clientId: 'bob' })
  expect(await back.connect({ clean: false })).toMatchObject({ sessionPresent: true })
  await back.expectNothing()
})

it('is written down again where the store could not', async () => {
  const { service, reader, sender, writes } = await scene()
  await sender.publish('a', 'x', { qos: 1 })
  await reader.message()
  service.store.cut('one')
  await service.clock.advance(1_000)
  service.store.heal('one')
  await service.clock.advance(1_000)
  await sender.publish('a', 'y', { qos: 1 })
  expect(await reader.message()).toMatchObject({ payload: 'y' })
  await service.clock.advance(PUT_OFF)
  expect(writes()).toBeGreaterThan(0)
  expect(service.store.left.parts.one.entries).toBe(0)
})
