import { describe, expect, it } from 'vitest'
import type { RouteChange } from './frames.ts'
import { RouteTree } from './route-tree.ts'

function routesTo(from: number, to: number, members = 1): RouteChange[] {
  const all: RouteChange[] = []
  for (let i = from; i < to; i++)
    all.push({ filter: `devices/${i}`, group: undefined, members, connected: false })
  return all
}

/** A tree whose work is to rest whenever it asks. */
function restlessTree(): RouteTree {
  return new RouteTree({ count: () => {}, spent: true, rest: async () => {} })
}

/** Takes all steps; answers how often they rested, and with what they ended. */
function run<Result>(steps: Generator<unknown, Result, void>, meanwhile = () => {}): [number, Result] {
  for (let rests = 0; ; rests++) {
    const { done, value } = steps.next()
    if (done === true) return [rests, value]
    meanwhile()
  }
}

const has = (tree: RouteTree, i: number): boolean => tree.match(`devices/${i}`).subscribers.length === 1

describe('routes of another node', () => {
  it('count page by page, and those that are in none of them go with the last', () => {
    const tree = restlessTree()
    run(tree.apply('a', { part: 'only', changes: routesTo(0, 200) }))
    expect(run(tree.apply('a', { part: 'first', changes: routesTo(100, 250) }))).toEqual([0, false])
    expect([0, 150, 249].map((i) => has(tree, i))).toEqual([true, true, true])
    expect(run(tree.apply('a', { part: 'next', changes: routesTo(250, 260) }))).toEqual([0, false])
    // It was there before it was in the snapshot, and is not any more.
    run(tree.apply('a', { part: 'change', changes: routesTo(255, 260, 0) }))
    const [rests, isWhole] = run(tree.apply('a', { part: 'last', changes: routesTo(260, 270) }))
    expect([rests > 0, isWhole]).toEqual([true, true])
    expect([0, 99, 255, 300].map((i) => has(tree, i))).toEqual([false, false, false, false])
    expect([100, 254, 260, 269].map((i) => has(tree, i))).toEqual([true, true, true, true])
    expect(tree.size).toBe(165)
  })

  it('are not what an earlier process began to say', () => {
    const tree = restlessTree()
    expect(run(tree.apply('a', { part: 'last', changes: routesTo(0, 10) }))).toEqual([0, false])
    expect([tree.size, tree.owners]).toEqual([0, []])
  })

  it('go in pieces, and not those that it has again meanwhile', () => {
    const tree = restlessTree()
    run(tree.apply('a', { part: 'only', changes: routesTo(0, 1_000) }))
    let isBack = false
    const [rests] = run(tree.drop('a'), () => {
      if (isBack) return
      isBack = true
      run(tree.apply('a', { part: 'only', changes: routesTo(990, 1_010) }))
    })
    expect(rests).toBeGreaterThan(10)
    expect(tree.size).toBe(20)
    expect([0, 500, 989, 990, 1_009].map((i) => has(tree, i))).toEqual([false, false, false, true, true])
    tree.dropNow('a')
    expect([tree.size, tree.owners]).toEqual([0, []])
  })
})
