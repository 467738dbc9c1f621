import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TopicTreeOptions } from './topic-tree.ts'
import { TopicTree } from './topic-tree.ts'
import { isValidTopicFilter, matchesFilter } from './topics.ts'

/** Asks often enough for the answer to be remembered. */
function warm<T>(tree: TopicTree<T>, ...topics: string[]): void {
  for (const topic of [...topics, ...topics]) tree.match(topic)
}

function subscribersOf(filters: string[], topic: string): string[] {
  const tree = new TopicTree<string>()
  for (const filter of filters) tree.add(filter, filter, filter)
  return [...tree.match(topic).subscribers]
}

describe('match', () => {
  it.each([
    ['sport/tennis/player1/#', ['sport/tennis/player1', 'sport/tennis/player1/score/wimbledon']],
    ['sport/#', ['sport', 'sport/', 'sport/tennis']],
    ['#', ['a', '/', 'a/b/c', '/a']],
  ])('[MQTT-4.7.1-2] %j matches %j', (filter, topics) => {
    for (const topic of topics) expect(subscribersOf([filter], topic)).toEqual([filter])
  })

  it('[MQTT-4.7.1-3] + stands for exactly one level, which may be empty', () => {
    const filters = ['+', '+/+', '/+', 'sport/+', 'sport/+/player1', '+/#']
    expect(subscribersOf(filters, '/finance')).toEqual(['+/+', '/+', '+/#'])
    expect(subscribersOf(filters, 'sport')).toEqual(['+', '+/#'])
    expect(subscribersOf(filters, 'sport/')).toEqual(['+/+', 'sport/+', '+/#'])
    expect(subscribersOf(filters, 'sport/x/player1')).toEqual(['sport/+/player1', '+/#'])
  })

  it('[MQTT-4.7.2-1] a leading wildcard matches no topic that begins with $', () => {
    const filters = ['#', '+', '+/#', '+/x', '$SYS/#', '$SYS/+', '$SYS/x', '$/x']
    expect(subscribersOf(filters, '$SYS/x')).toEqual(['$SYS/#', '$SYS/+', '$SYS/x'])
    expect(subscribersOf(filters, '$SYS')).toEqual(['$SYS/#'])
    expect(subscribersOf(['a/#', 'a/+'], 'a/$SYS')).toEqual(['a/#', 'a/+'])
  })

  it('[MQTT-4.7.3-4] neither folds nor normalizes', () => {
    const filters = ['ACCOUNTS', 'Accounts', '\u00e5', 'a\u030a/#', 'A/+']
    for (const filter of filters.slice(0, 3)) expect(subscribersOf(filters, filter)).toEqual([filter])
    expect(subscribersOf(filters, '\u00e5/x')).toEqual([])
    expect(subscribersOf(filters, 'a/x')).toEqual([])
  })

  it('merges what one key subscribed with several filters, first filter first', () => {
    const tree = new TopicTree<string>({ merge: (a, b) => `${a}+${b}` })
    tree.add('a/#', 'one', '1')
    tree.add('a/b', 'two', '2')
    tree.add('a/b', 'one', '3')
    tree.add('+/b', 'one', '4')
    expect(tree.match('a/b').subscribers).toEqual(['1+3+4', '2'])
    tree.remove('a/#', 'one')
    expect(tree.match('a/b').subscribers).toEqual(['2', '3+4'])
  })

  it('keeps the first value where no merge is given', () => {
    const tree = new TopicTree<number>()
    tree.add('a', 'one', 1)
    tree.add('#', 'one', 2)
    expect(tree.match('a').subscribers).toEqual([1])
  })

  it('takes names that mean something to JavaScript', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const tree = new TopicTree<string>()
    for (const name of names) tree.add(`${name}/+/${name}`, name, name)
    for (const name of names) expect(tree.match(`${name}/${name}/${name}`).subscribers).toEqual([name])
    expect(tree.match('x/__proto__/x').subscribers).toEqual([])
    expect(tree.get('__proto__', '__proto__')).toBeUndefined()
  })
})

describe('add, get and remove', () => {
  it('tells whether a subscription was there, and keeps the place of one that is replaced', () => {
    const tree = new TopicTree<number>()
    expect(tree.add('a/+', 'one', 1)).toBe(false)
    expect(tree.add('a/+', 'two', 2)).toBe(false)
    expect(tree.add('a/+', 'one', 3)).toBe(true)
    expect(tree.size).toBe(2)
    expect(tree.get('a/+', 'one')).toBe(3)
    expect(tree.match('a/b').subscribers).toEqual([3, 2])
    expect(tree.remove('a/+', 'one')).toBe(true)
    expect(tree.remove('a/+', 'one')).toBe(false)
    expect(tree.remove('b/+', 'one')).toBe(false)
    expect(tree.get('a/+', 'one')).toBeUndefined()
    expect(tree.match('a/b').subscribers).toEqual([2])
    expect(tree.size).toBe(1)
  })

  it('puts who comes back last', () => {
    const tree = new TopicTree<string>()
    for (const key of ['one', 'two', 'three']) tree.add('a', key, key)
    tree.remove('a', 'one')
    tree.add('a', 'one', 'one')
    expect(tree.match('a').subscribers).toEqual(['two', 'three', 'one'])
  })

  it('does not change an answer that was given out', () => {
    const tree = new TopicTree<number>()
    tree.add('a', 'one', 1)
    warm(tree, 'a')
    const before = tree.match('a')
    tree.add('a', 'two', 2)
    expect(before.subscribers).toEqual([1])
    expect(tree.match('a').subscribers).toEqual([1, 2])
  })
})

describe('shared groups', () => {
  it('answers with the group and leaves the choice to the caller', () => {
    const tree = new TopicTree<number>()
    tree.add('a/b', 'plain', 0)
    expect(tree.addShared('a/+', 'g', 'one', 1)).toBe(false)
    expect(tree.addShared('a/+', 'g', 'two', 2)).toBe(false)
    expect(tree.addShared('a/#', 'g', 'one', 3)).toBe(false)
    expect(tree.addShared('a/+', 'g', 'one', 4)).toBe(true)
    expect(tree.size).toBe(4)
    const { subscribers, groups } = tree.match('a/b')
    expect(subscribers).toEqual([0])
    expect(groups.map((group) => [group.name, group.filter, group.members])).toEqual([
      ['g', 'a/+', [4, 2]],
      ['g', 'a/#', [3]],
    ])
    expect(tree.getGroup('a/+', 'g')).toBe(groups[0])
    expect(groups[0]?.get('two')).toBe(2)
  })

  it('keeps the answer, and shows members as they are now', () => {
    const tree = new TopicTree<number>()
    tree.addShared('a/+', 'g', 'one', 1)
    warm(tree, 'a/b')
    const answer = tree.match('a/b')
    tree.addShared('a/+', 'g', 'two', 2)
    expect(tree.match('a/b')).toBe(answer)
    expect(answer.groups[0]?.members).toEqual([1, 2])
    tree.removeShared('a/+', 'g', 'one')
    expect(tree.match('a/b')).toBe(answer)
    expect(answer.groups[0]?.members).toEqual([2])
  })

  it('forgets a group with its last member', () => {
    const tree = new TopicTree<number>()
    tree.addShared('a/+', 'g', 'one', 1)
    warm(tree, 'a/b')
    expect(tree.removeShared('a/+', 'h', 'one')).toBe(false)
    expect(tree.removeShared('a/+', 'g', 'two')).toBe(false)
    expect(tree.removeShared('a/+', 'g', 'one')).toBe(true)
    expect(tree.match('a/b').groups).toEqual([])
    expect(tree.getGroup('a/+', 'g')).toBeUndefined()
    expect(tree.size).toBe(0)
    expect(tree.stats).toMatchObject({ filters: 0, nodes: 0 })
  })
})

describe('what a change costs', () => {
  it('forgets only what it touches', () => {
    const tree = new TopicTree<number>()
    const topics = Array.from({ length: 500 }, (_, i) => `site/${i}/temperature`)
    tree.add('site/+/temperature', 'all', 0)
    warm(tree, ...topics)
    const { answers } = tree.stats
    for (const [i, filter] of ['other/#', 'site/7', 'site/7/temp', 'site/+/x/#', '$SYS/#'].entries()) {
      tree.add(filter, 'key', i)
      tree.remove(filter, 'key')
    }
    for (const topic of topics) tree.match(topic)
    expect(tree.stats.answers).toBe(answers)
    for (const filter of ['site/7/#', 'site/8/temperature', '+/9/+']) tree.add(filter, 'key', 1)
    for (const topic of topics) tree.match(topic)
    expect(tree.stats.answers).toBe(answers + 3)
  })

  it('does not grow with the topics remembered nor with the filters that do not match', () => {
    const work = [100, 2000].map((n) => {
      const tree = new TopicTree<number>()
      for (let i = 0; i < n; i++) {
        tree.add(`site/${i}/+`, 'key', i)
        warm(tree, `site/${i}/x`)
      }
      const { visited } = tree.stats
      tree.add('site/50/#', 'key', 0)
      tree.add('new/+', 'key', 0)
      tree.add('site/51/x', 'key', 0)
      tree.match('site/50/x')
      tree.match('new/x')
      return tree.stats.visited - visited
    })
    expect(work[0]).toBe(work[1])
    expect(work[0]).toBeLessThan(20)
  })

  it('is no copy of all when many share the filter', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 20_000; i++) tree.add('all/#', `key${i}`, i)
    warm(tree, 'all/x')
    const begin = performance.now()
    for (let i = 0; i < 20_000; i++) {
      tree.add('all/#', 'restless', i)
      tree.remove('all/#', 'restless')
    }
    // 20,000 copies of 20,000 would take seconds, and so would a Map that walks its dead entries.
    expect(performance.now() - begin).toBeLessThan(500)
  })

  it('takes filters and topics of 65,535 slashes', () => {
    const slashes = '/'.repeat(65_535)
    const deep = `${'+/'.repeat(32_767)}#`
    const tree = new TopicTree<number>()
    tree.add('#', 'a', 1)
    tree.add(deep, 'b', 2)
    tree.add(slashes, 'c', 3)
    tree.add('/'.repeat(65_533) + '+', 'd', 4)
    warm(tree, slashes, 'x')
    expect(tree.match(slashes).subscribers).toEqual([1, 2, 3])
    for (const [filter, key] of [
      ['#', 'a'],
      [deep, 'b'],
      [slashes, 'c'],
    ] as const)
      tree.remove(filter, key)
    expect(tree.match(slashes).subscribers).toEqual([])
    tree.remove('/'.repeat(65_533) + '+', 'd')
    expect(tree.stats).toMatchObject({ filters: 0, nodes: 0 })
  })
})

describe('what is remembered', () => {
  it('is bounded in topics', () => {
    const tree = new TopicTree<number>({ cacheSize: 10 })
    for (let i = 0; i < 100; i++) warm(tree, `topic/${i}`)
    expect(tree.stats.cachedTopics).toBe(10)
  })

  it('is bounded in bytes: long answers and long topics make room for fewer', () => {
    const tree = new TopicTree<number>({ cacheBytes: 100_000 })
    for (let i = 0; i < 100; i++) tree.add('+/x', `key${i}`, i)
    tree.add('#', 'key', 0)
    for (let i = 0; i < 1000; i++) warm(tree, `${i}/x`)
    expect(tree.stats.cachedBytes).toBeLessThanOrEqual(100_000)
    expect(tree.stats.cachedTopics).toBeGreaterThan(50)
    expect(tree.stats.cachedTopics).toBeLessThan(125)
    for (let i = 0; i < 20; i++) warm(tree, `${i}${'y'.repeat(20_000)}`)
    expect(tree.stats.cachedBytes).toBeLessThanOrEqual(100_000)
    expect(tree.stats.cachedTopics).toBeLessThan(4)
  })

  it('includes that nobody subscribed', () => {
    const tree = new TopicTree<number>()
    warm(tree, 'a')
    const { answers } = tree.stats
    expect(tree.match('a').subscribers).toEqual([])
    expect(tree.stats.answers).toBe(answers)
    tree.add('a', 'key', 1)
    expect(tree.match('a').subscribers).toEqual([1])
  })

  it('leaves out topics that never come again', () => {
    const tree = new TopicTree<number>()
    const busy = Array.from({ length: 1000 }, (_, i) => `busy/${i}`)
    warm(tree, ...busy)
    for (let i = 0; i < 30_000; i++) tree.match(`once/${i}`)
    expect(tree.stats.cachedTopics).toBeLessThan(4000)
    const { answers } = tree.stats
    for (const topic of busy) tree.match(topic)
    expect(tree.stats.answers).toBe(answers)
  })

  it('keeps what is asked for when others make it full', () => {
    const tree = new TopicTree<number>({ cacheSize: 100 })
    const busy = Array.from({ length: 40 }, (_, i) => `busy/${i}`)
    warm(tree, ...busy)
    let missed = 0
    for (let i = 0; i < 1000; i++) {
      warm(tree, `other/${i}`)
      const { answers } = tree.stats
      tree.match(busy[i % 40]!)
      missed += tree.stats.answers - answers
    }
    expect(missed).toBeLessThan(100)
  })

  it('takes in a new set of topics as large as it may be', () => {
    const tree = new TopicTree<number>({ cacheSize: 1000 })
    for (const set of ['old', 'new']) {
      for (let i = 0; i < 6000; i++) tree.match(`${set}/${i % 900}`)
      const { answers } = tree.stats
      for (let i = 0; i < 900; i++) tree.match(`${set}/${i}`)
      expect(tree.stats.answers).toBe(answers)
    }
  })

  it('is one array for all topics that only one large filter matches', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 1000; i++) tree.add('all/#', `key${i}`, i)
    for (let i = 0; i < 100; i++) warm(tree, `all/${i}`)
    expect(tree.match('all/1')).toBe(tree.match('all/2'))
    expect(tree.stats.cachedBytes).toBeLessThan(100 * 300)
    tree.remove('all/#', 'key0')
    expect(tree.match('all/1').subscribers).toHaveLength(999)
    expect(tree.match('all/1')).toBe(tree.match('all/2'))
  })

  it('is nothing with cacheSize 0', () => {
    const tree = new TopicTree<number>({ cacheSize: 0 })
    tree.add('a', 'key', 1)
    warm(tree, 'a', 'b')
    expect(tree.match('a').subscribers).toEqual([1])
    expect(tree.stats.cachedTopics).toBe(0)
  })
})

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
    fc.record({ kind: fc.constant('match' as const), topic: topics }),
  )
  const optionSets: TopicTreeOptions<string>[] = [{}, { cacheSize: 3 }, { cacheBytes: 800 }, { cacheSize: 0 }]

  it.each(optionSets)('equals a list that is searched, with %j', (options) => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 80 }), (sequence) => {
        const tree = new TopicTree<string>({ ...options, merge: (a, b) => a + b })
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
      { numRuns: 150 },
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
