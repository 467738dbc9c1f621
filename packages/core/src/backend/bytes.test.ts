/** Whose bytes they are: a store may keep what it is given, and hand out what it keeps. */
import { Buffer } from 'node:buffer'
import { MemoryStore } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import type { DefaultStack } from '../../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'
import type { Change, Entry } from './ordered-store.ts'

/** Remembers all bytes that went in or came out, and what they were then. */
class RememberingStore extends MemoryStore {
  readonly #seen = new Map<Uint8Array, string>()
  #read = 0

  override read(...args: Parameters<MemoryStore['read']>): readonly Entry[] {
    const entries = super.read(...args)
    this.#read += entries.length
    for (const { key, value } of entries) this.#remember(key, value)
    return entries
  }

  override write(batch: readonly Change[]): Promise<void> {
    for (const { key, value } of batch) this.#remember(key, value)
    return super.write(batch)
  }

  /** How many there were, how many entries were read, and which are others now. */
  report(): { seen: number; read: number; changed: string[] } {
    const changed = [...this.#seen].filter(([bytes, before]) => hex(bytes) !== before)
    return { seen: this.#seen.size, read: this.#read, changed: changed.map(([, before]) => before) }
  }

  #remember(...all: (Uint8Array | undefined)[]): void {
    for (const bytes of all)
      if (bytes !== undefined && !this.#seen.has(bytes)) this.#seen.set(bytes, hex(bytes))
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

it('bytes that were given to a store, or came out of it, are never changed', async () => {
  const store = new RememberingStore({ commit: 2 })
  const start = (): Promise<DefaultStack> =>
    defaultStack({ backend: new StoredBackend(undefined, store), sessionManager: { maximumExpiry: 3_600 } })

  const first = await start()
  for (const clientId of ['one', 'two']) {
    const away = await first.client({ clientId, clean: false })
    await away.subscribe(['a/#', '$share/group/b'], { qos: 2 })
    await away.disconnect()
  }
  const will = { topic: 'a/will', payload: 'gone', qos: 1, properties: { willDelayInterval: 10 } }
  const properties = { sessionExpiryInterval: 1_000 }
  const leaving = { clientId: 'leaving', protocolVersion: 5, properties, will } as object
  await (await first.client(leaving)).drop()
  const sender = await first.client({ clientId: 'sender', clean: false })
  for (let i = 0; i < 20; i++) {
    await sender.publish(`a/${i}`, 'x'.repeat(i * 100), { qos: i % 2 === 0 ? 1 : 2, retain: true })
    await sender.publish('b', `${i}`, { qos: 1 })
  }
  await first.settle()
  await first.stop()

  const second = await start()
  const back = await second.client({ clientId: 'one', clean: false })
  for (let i = 0; i < 20; i++) await back.next('publish')
  await second.clock.advance(11_000)
  await second.stack.call('purgeMessages', { filter: 'a/#' })
  await second.stack.call('endSession', { clientId: 'two' })
  await second.settle()
  await second.stop()

  const { seen, read, changed } = store.report()
  expect(seen).toBeGreaterThan(200)
  expect(read).toBeGreaterThan(50)
  expect(changed).toEqual([])
})
