/** A filter whose wait for other nodes is in vain is refused, and leaves nothing. */
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { KIND, rangeOf } from '../disk/keys.ts'
import { readSubscription } from '../disk/records.ts'

const SESSIONS: readonly (readonly [string, ConnectOptions & OpenOptions])[] = [
  ['that is stored', { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 300 } }],
  ['that ends with its connection', { protocolVersion: 5 }],
  ['that is stored, of an older client', { protocolVersion: 4, clean: false }],
]
/** Two leases: so long a filter waits at the most. */
const PATIENCE = 12_000

interface Scene {
  readonly service: TestService
  readonly one: TestNode
  readonly two: TestNode
  readonly reader: TestClient
  /** Node two is alive, and tells the other nothing. */
  silence(): void
  /** It does again. */
  speak(): void
}

async function scene(options: ConnectOptions & OpenOptions): Promise<Scene> {
  const service = new TestService()
  const [one, two] = [await service.join('one'), await service.join('two')]
  const reader = await one.client({ ...options, clientId: 'reader' })
  const store = service.storeOf('two')
  const send = store.send.bind(store)
  let speak = (): void => {}
  const silence = (): void => {
    const spoken = new Promise<void>((resolve) => {
      speak = resolve
    })
    store.send = async (node, bytes) => {
      await spoken
      return send(node, bytes)
    }
  }
  return { service, one, two, reader, silence, speak: () => speak() }
}

function subscribeTo(topics: readonly string[], qos: 0 | 1 | 2 = 1) {
  const subscriptions = topics.map((topic) => ({ topic, qos }))
  return { cmd: 'subscribe', messageId: 7, subscriptions } as const
}

async function storedFilters(service: TestService): Promise<string[]> {
  const found = await service.storeOf('one').read(rangeOf(KIND.subscription), 100)
  return found.map(({ value }) => readSubscription(value).topic)
}

/** What node one has of subscriptions. */
async function kept({ service, one }: Scene): Promise<unknown> {
  return [one.backend.stats.subscriptions, await storedFilters(service)]
}

describe.each(SESSIONS)(
  'a filter that another node does not hear of in time, of a session %s,',
  (_, options) => {
    it('is refused with 0x80; others of the packet stay, and nothing of it is left', async () => {
      const all = await scene(options)
      const { service, one, two, reader, silence, speak } = all
      await reader.subscribe(['known', 'again'], { qos: 1 })
      await service.clock.advance(1_000)
      const before = await kept(all)
      silence()
      reader.send(subscribeTo(['known', 'new/1', '$share/g/new/2', 'again', 'new/3'], 2))
      await service.clock.advance(PATIENCE - 1_000)
      await reader.expectNothing('suback')
      await service.clock.advance(1_500)
      expect(await reader.next('suback')).toMatchObject({ granted: [2, 0x80, 0x80, 2, 0x80] })
      speak()
      await service.clock.advance(2_000)
      expect(await kept(all)).toEqual(before)
      const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
      for (const topic of ['new/1', 'new/2', 'new/3'])
        expect(await sender.publish(topic, 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
      for (const topic of ['known', 'again']) {
        await sender.publish(topic, 'x', { qos: 2 })
        expect(await reader.message()).toMatchObject({ topic, qos: 2 })
      }
      await reader.subscribe('new/1', { qos: 1 })
      await sender.publish('new/1', 'y', { qos: 1 })
      expect(await reader.message()).toMatchObject({ topic: 'new/1', payload: 'y' })
      expect(one.drops).toEqual([])
    })

    it('is not there where its client has gone while it waited', async () => {
      const all = await scene(options)
      const { service, one, reader, silence, speak } = all
      await reader.subscribe('known', { qos: 1 })
      await service.clock.advance(1_000)
      silence()
      reader.send(subscribeTo(['new/1', 'new/2']))
      await service.clock.advance(1_000)
      await reader.drop()
      await service.clock.advance(PATIENCE)
      speak()
      await service.clock.advance(2_000)
      const stored = (await storedFilters(service)).length
      expect(one.backend.stats.subscriptions).toBe(stored)
      const back = one.open({ clientId: 'reader', protocolVersion: options.protocolVersion })
      await back.connect(options)
      expect(await back.subscribe(['known', 'new/1'], { qos: 1 })).toMatchObject({ granted: [1, 1] })
    })
  },
)
