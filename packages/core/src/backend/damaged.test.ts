/** A store that was damaged from outside: what cannot be read is said, and never taken for something else. */
import { Buffer } from 'node:buffer'
import { MemoryStore } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { Bench } from '../../../conformance/src/backend/bench.ts'
import { overStore } from '../../../conformance/src/backend/over-store.ts'
import { sessionKey } from './disk/keys.ts'
import { FORMAT } from './disk/records.ts'
import type { Entry } from './ordered-store.ts'

const PROPERTIES = { messageExpiryInterval: 60, contentType: 'text' }

function benchOver(store: MemoryStore): Promise<Bench> {
  return Promise.resolve(overStore(() => ({ open: () => store }))({})).then((under) => new Bench(under))
}

/** A store in which there is one of everything. */
async function filled(): Promise<readonly Entry[]> {
  const store = new MemoryStore()
  const bench = await benchOver(store)
  await bench.start()
  const alice = await bench.open('alice', { will: { topic: 'w', delay: 5, properties: PROPERTIES } })
  const bob = await bench.open('bob')
  for (const one of [alice, bob]) await one.subscribe('t', { qos: 2, identifier: 7 })
  await alice.subscribe('$share/group/s')
  await bench.relay({ qos: 2, from: alice, packetId: 5, properties: PROPERTIES })
  await bench.relay({ topic: 's' })
  await bench.retain('kept', { properties: PROPERTIES })
  const due = { topic: 't', since: 1, qos: 1, identifier: 7, after: 'a' } as const
  await bench.call('storeDueRetained', { ...alice.address, client: alice.client, topic: 't', due })
  await bench.crash()
  const entries = store.read({ from: new Uint8Array(0), to: Uint8Array.of(0xff) }, 1_000)
  await bench.close()
  return entries
}

/** How a start over these entries ends: by the code of its error, or without one. */
async function startOver(entries: readonly Entry[]): Promise<unknown> {
  const store = new MemoryStore()
  await store.write(entries)
  const bench = await benchOver(store)
  try {
    await bench.start()
    for (const { client } of await bench.call('lookupSessions', { limit: 10 }, [])) client?.close()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  } finally {
    await bench.close().catch(() => {})
  }
}

it('is no start, or a start with what can be read, wherever a byte is changed or cut off', {
  timeout: 120_000,
}, async () => {
  const entries = await filled()
  const seen = new Set<unknown>()
  for (const [i, { key, value }] of entries.entries()) {
    const damaged = (changed: Uint8Array): readonly Entry[] => entries.with(i, { key, value: changed })
    for (let at = 0; at < value.length; at++) {
      seen.add(await startOver(damaged(value.subarray(0, at))))
      const changed = Buffer.from(value)
      changed[at] ^= 0xff
      seen.add(await startOver(damaged(changed)))
    }
  }
  expect([...seen].sort()).toEqual(['STORE_DAMAGED', 'STORE_FORMAT', undefined])
})

it('says under which key it stands', async () => {
  const store = new MemoryStore()
  await store.write([
    { key: Uint8Array.of(0x01), value: Uint8Array.of(FORMAT) },
    { key: sessionKey('bob'), value: Uint8Array.of(1, 2) },
  ])
  const bench = await benchOver(store)
  await expect(bench.start()).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    message: 'the record under the key 10626f62 (hex) cannot be read: a record of 2 bytes is cut off',
  })
  await bench.close().catch(() => {})
})
