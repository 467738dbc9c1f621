/** Which node has a session: one of several who want it. */
import { MemoryService, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Directory } from './directory.ts'
import type { SharedStore } from './shared-store.ts'

async function nodes(...names: string[]): Promise<{ stores: SharedStore[]; directories: Directory[] }> {
  const service = new MemoryService({ clock: new VirtualClock() })
  const stores = names.map((name) => service.node(name))
  for (const store of stores) {
    store.listen({ reach: () => {}, cast: () => {} })
    await store.open()
  }
  return { stores, directories: stores.map((store) => new Directory(store)) }
}

describe('the directory of sessions', () => {
  it('gives a session that is at home nowhere to one of two who want it', async () => {
    const { directories } = await nodes('a', 'b')
    const taken = await Promise.all(directories.map((directory) => directory.take('bob', undefined)))
    expect(taken).toEqual([1, { node: 'a', tenure: 1 }])
    expect(await directories[1].look('bob')).toEqual({ node: 'a', tenure: 1 })
  })

  it('gives it on to whoever knows its home, once', async () => {
    const { directories } = await nodes('a', 'b', 'c')
    const [a, b, c] = directories
    await a.take('bob', undefined)
    const from = { node: 'a', tenure: 1 }
    expect(await Promise.all([b.take('bob', from), c.take('bob', from)])).toEqual([
      2,
      { node: 'b', tenure: 2 },
    ])
  })

  it('keeps a home that another tenure gives up', async () => {
    const { directories } = await nodes('a', 'b')
    const [a, b] = directories
    await a.take('bob', undefined)
    await b.take('bob', { node: 'a', tenure: 1 })
    await a.release('bob', { node: 'a', tenure: 1 })
    expect(await a.look('bob')).toEqual({ node: 'b', tenure: 2 })
    await b.release('bob', { node: 'b', tenure: 2 })
    expect(await a.look('bob')).toBeUndefined()
  })

  it('lists the sessions of one node, and of no other one whose name begins as its own', async () => {
    const { directories, stores } = await nodes('n', 'n2')
    for (const [at, directory] of directories.entries())
      for (const name of ['x', 'y/z']) await directory.take(`${name}${at}`, undefined)
    await stores[0].swap('something else', undefined, 'n/1')
    const found: string[] = []
    for await (const { clientId } of directories[1].of('n')) found.push(clientId)
    expect(found).toEqual(['x0', 'y/z0'])
  })

  it('says what is wrong with an entry that is none of ours', async () => {
    const { directories, stores } = await nodes('a')
    await stores[0].swap('s/bob', undefined, 'nonsense')
    await expect(directories[0].look('bob')).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: 'the home of session "bob" is "nonsense", which is no node and tenure',
    })
  })

  it('knows what became of a change whose answer was lost', async () => {
    const { directories, stores } = await nodes('a', 'b')
    await directories[0].take('bob', undefined)
    const from = { node: 'a', tenure: 1 }
    let lost = 0
    for (const store of stores) {
      const { swap } = store
      let isFirst = true
      store.swap = async (...given) => {
        const before = await swap.apply(store, given)
        if (!isFirst) return before
        isFirst = false
        lost++
        throw new Error('the answer was lost')
      }
    }
    expect(await directories[1].takeForSure('bob', from, async () => {})).toBe(2)
    expect(await directories[0].takeForSure('bob', from, async () => {})).toEqual({ node: 'b', tenure: 2 })
    expect(lost).toBe(2)
  })
})
