import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TopicTreeOptions } from './topic-tree.ts'
import { TopicTree } from './topic-tree.ts'
import { isValidTopicFilter, matchesFilter } from './topics.ts'

describe('any sequence of changes', () => {
  const level = fc.constantFrom('', 'a', 'b', '$a')
  const topics = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/') || 'a')
  const filters = fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 2 }), fc.constantFrom('', 'a', '+', '#'))
    .map(([levels, last]) => [...levels, last].join('/') || '#')
    .filter(isValidTopicFilter)
  const steps = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), filter: filters, key: fc.constantFrom('k1', 'k2', 'k3') }),
    fc.record({
      kind: fc.constant('remove' as const),
      filter: filters,
      key: fc.constantFrom('k1', 'k2', 'k3'),
    }),
    fc.record({ kind: fc.constant('share' as const), filter: filters, key: fc.constantFrom('k1', 'k2') }),
    fc.record({ kind: fc.constant('unshare' as const), filter: filters, key: fc.constantFrom('k1', 'k2') }),
    fc.record({ kind: fc.constant('churn' as const), filter: filters, times: fc.constantFrom(10, 40) }),
    fc.record({ kind: fc.constant('match' as const), topic: topics }),
  )
  const optionSets: TopicTreeOptions<string>[] = [{}, { cacheSize: 3 }, { cacheBytes: 800 }, { cacheSize: 0 }]

  it.each(optionSets)('equals a list that is searched, with %j', (options) => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 80 }), (sequence) => {
        const tree = new TopicTree<string>({ ...options, merge: (values) => values.join('') })
        const model = new Model()
        for (const [i, step] of sequence.entries()) {
          if (step.kind === 'match') {
            for (let again = 0; again < 3; again++) {
              const { subscribers, groups } = tree.match(step.topic)
              expect(subscribers).toEqual(model.subscribers(step.topic))
              expect(groups.flatMap((group) => [group.filter, ...group.members])).toEqual(
                model.members(step.topic),
              )
            }
          } else if (step.kind === 'churn') {
            for (let again = 0; again < step.times; again++) {
              tree.add(step.filter, 'restless', 'r')
              tree.remove(step.filter, 'restless')
            }
          } else if (step.kind === 'add') {
            expect(tree.add(step.filter, step.key, `v${i}`)).toBe(
              model.add('', step.filter, step.key, `v${i}`),
            )
          } else if (step.kind === 'remove') {
            expect(tree.remove(step.filter, step.key)).toBe(model.remove('', step.filter, step.key))
          } else if (step.kind === 'share') {
            expect(tree.addShared(step.filter, 'g', step.key, `v${i}`)).toBe(
              model.add('g', step.filter, step.key, `v${i}`),
            )
          } else {
            expect(tree.removeShared(step.filter, 'g', step.key)).toBe(
              model.remove('g', step.filter, step.key),
            )
          }
          expect(tree.size).toBe(model.list.length)
        }
        for (const { group, filter, key } of [...model.list]) {
          expect(group === '' ? tree.remove(filter, key) : tree.removeShared(filter, group, key)).toBe(true)
        }
        expect(tree.size).toBe(0)
        expect(tree.stats).toMatchObject({ filters: 0, nodes: 0 })
        for (const step of sequence)
          if (step.kind === 'match') expect(tree.match(step.topic).subscribers).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})

/** The same as a tree, as a list. */
class Model {
  list: { group: string; filter: string; key: string; value: string }[] = []
  /** Groups in the order in which they were made. */
  groups: string[] = []

  add(group: string, filter: string, key: string, value: string): boolean {
    const known = this.list.find((s) => s.group === group && s.filter === filter && s.key === key)
    if (known !== undefined) known.value = value
    else this.list.push({ group, filter, key, value })
    if (group !== '' && !this.groups.includes(filter)) this.groups.push(filter)
    return known !== undefined
  }

  remove(group: string, filter: string, key: string): boolean {
    const at = this.list.findIndex((s) => s.group === group && s.filter === filter && s.key === key)
    if (at !== -1) this.list.splice(at, 1)
    this.groups = this.groups.filter((name) => this.list.some((s) => s.group !== '' && s.filter === name))
    return at !== -1
  }

  subscribers(topic: string): string[] {
    const byKey = new Map<string, string>()
    for (const { group, filter, key, value } of this.list) {
      if (group === '' && matchesFilter(filter, topic)) byKey.set(key, (byKey.get(key) ?? '') + value)
    }
    return [...byKey.values()]
  }

  members(topic: string): string[] {
    return this.groups
      .filter((filter) => matchesFilter(filter, topic))
      .flatMap((filter) => [
        filter,
        ...this.list.filter((s) => s.group !== '' && s.filter === filter).map((s) => s.value),
      ])
  }
}
