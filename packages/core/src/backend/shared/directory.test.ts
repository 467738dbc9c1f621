/** Which node has a session: one of several who want it. */
import { MemoryService, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Home } from './directory.ts'
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

/** Takes bob, and answers with his home. */
async function taken(directory: Directory, from: Home | undefined): Promise<Home> {
  await directory.take('bob', from)
  const home = await directory.look('bob')
  if (home === undefined) throw new Error('bob is at home nowhere')
  return home
}

describe('the directory of sessions', () => {
  it('gives a session that is at home nowhere to one of two who want it', async () => {
    const { directories } = await nodes('a', 'b')
    const [tenure, home] = await Promise.all(directories.map((directory) => directory.take('bob', undefined)))
    expect(home).toEqual({ node: 'a', tenure })
    expect(await directories[1].look('bob')).toEqual(home)
  })

  it('gives it on to whoever knows its home, once, in a greater tenure', async () => {
    const { directories } = await nodes('a', 'b', 'c')
    const [a, b, c] = directories
    const from = await taken(a, undefined)
    const [tenure, home] = await Promise.all([b.take('bob', from), c.take('bob', from)])
    expect(home).toEqual({ node: 'b', tenure })
    expect(tenure).toBeGreaterThan(from.tenure)
  })

  it('keeps a home that another tenure gives up', async () => {
    const { directories } = await nodes('a', 'b')
    const [a, b] = directories
    const first = await taken(a, undefined)
    const second = await taken(b, first)
    await a.release('bob', first)
    expect(await a.look('bob')).toEqual(second)
    await b.release('bob', second)
    expect(await a.look('bob')).toBeUndefined()
  })

  it('gives no tenure twice, also of a session that has ended in between', async () => {
    const { directories } = await nodes('a', 'b')
    const [a, b] = directories
    const first = await taken(a, undefined)
    await a.release('bob', first)
    const second = await taken(a, undefined)
    expect(await b.take('bob', first)).toEqual(second)
    await a.release('bob', first)
    expect(await b.look('bob')).toEqual(second)
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
    const from = await taken(directories[0], undefined)
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
    const tenure = await directories[1].takeForSure('bob', from, async () => {})
    expect(tenure).toBeGreaterThan(from.tenure)
    expect(await directories[0].takeForSure('bob', from, async () => {})).toEqual({ node: 'b', tenure })
    expect(lost).toBe(2)
  })
})
