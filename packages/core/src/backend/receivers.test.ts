/** A message to very many receivers takes turns with the packets of others, and stays in order. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { expect, it } from 'vitest'
import { defaultStack } from '../../../../test/rig/default-stack.ts'

const RECEIVERS = 2_500

it('a message to 2,500 receivers lets others have their turn, and the next one comes behind it', async () => {
  const log: string[] = []
  let spend = (): void => {}
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    handles: ['pingreq'],
    handle: () => void log.push('ping'),
  }
  const memory = new MemoryBackend()
  const store = memory.storeOfflineMessage
  memory.storeOfflineMessage = (ctx, stored) => {
    spend()
    log.push(ctx.packet.topic)
    store.call(memory, ctx, stored)
  }
  const { stack, client, clock } = await defaultStack({ use: [watcher], backend: memory })
  const bob = await client({ clientId: 'bob' })
  for (let i = 0; i < RECEIVERS; i++) {
    const sleeper = await client({ clientId: `s${i}`, clean: false })
    await sleeper.subscribe('+', { qos: 1 })
    await sleeper.drop()
  }
  spend = () => clock.spend(0.05)
  const relay = (topic: string): void | Promise<void> => {
    const publisher = { clientId: '', identity: undefined }
    const ctx = new RelayContext(undefined, Publish.from({ topic, qos: 1 }), publisher, undefined)
    return stack.run('relayMessage', ctx, new RelayStore())
  }
  const relayed = Promise.all([relay('first'), relay('second')])
  for (let i = 0; i < 3; i++) await bob.ping()
  const soon = log.length
  await relayed
  // 250 ms of work; three pings came and went within a part of it.
  expect(soon).toBeLessThan(RECEIVERS)
  const messages = log.filter((line) => line !== 'ping')
  expect(messages).toHaveLength(2 * RECEIVERS)
  expect(messages.lastIndexOf('first')).toBe(RECEIVERS - 1)
  expect(memory.stats.messages).toBe(2 * RECEIVERS)
})
