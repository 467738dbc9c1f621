import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { openAdmin } from '../../../test/rig/admin.ts'

interface Found {
  readonly clientId: string
  readonly topic: string
}

const topics = (items: readonly Found[]): string[] => items.map(({ topic }) => topic)

describe('subscriptions', () => {
  it('come once each, whatever the size of a page', async () => {
    const { ask, client } = await openAdmin()
    const made: string[] = []
    for (const clientId of ['a', 'b', 'c', 'd']) {
      const one = await client({ clientId })
      for (let i = 0; i < (clientId === 'b' ? 0 : 3); i++) {
        await one.subscribe(`${clientId}/${i}`)
        made.push(`${clientId} ${clientId}/${i}`)
      }
    }
    for (const limit of [1, 2, 3, 4, 100]) {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const { body } = await ask(`/api/subscriptions?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`)
        assert.ok(body.items.length <= limit)
        found.push(...body.items.map(({ clientId, topic }: Found) => `${clientId} ${topic}`))
        cursor = body.next
      } while (cursor !== undefined)
      assert.deepEqual(found, made)
    }
  })

  it('of one session come once each, though filters come and go between two pages', async () => {
    const { ask, client } = await openAdmin()
    const lamp = await client({ clientId: 'lamp' })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await lamp.subscribe(`${name}/#`)
    const other = await client({ clientId: 'zoo' })
    await other.subscribe('z')
    for (const path of ['/api/sessions/lamp/subscriptions', '/api/subscriptions']) {
      const first = await ask(`${path}?limit=3`)
      assert.deepEqual(topics(first.body.items), ['a/#', 'b/#', 'c/#'])
      await lamp.unsubscribe('a/#')
      await lamp.unsubscribe('c/#')
      const second = await ask(`${path}?limit=2&cursor=${first.body.next}`)
      assert.deepEqual(topics(second.body.items), ['d/#', 'e/#'])
      const third = second.body.next && (await ask(`${path}?cursor=${second.body.next}`))
      assert.deepEqual(third && topics(third.body.items), path === '/api/subscriptions' ? ['z'] : undefined)
      await lamp.subscribe(['a/#', 'c/#'])
    }
  })

  it('are those that get a topic, or have a part in their filter', async () => {
    const { ask, client } = await openAdmin()
    const lamp = await client({ clientId: 'lamp' })
    for (const filter of ['a/+', '$share/g/a/b', 'b/#']) await lamp.subscribe(filter)
    const topicsOf = async (query: string): Promise<string[]> =>
      (await ask(`/api/subscriptions?${query}`)).body.items.map(({ topic }: Found) => topic)
    assert.deepEqual(await topicsOf('topic=a/b'), ['$share/g/a/b', 'a/+'])
    assert.deepEqual(await topicsOf('search=%23'), ['b/#'])
    assert.deepEqual(await topicsOf('topic=c'), [])
  })
})
