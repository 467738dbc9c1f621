import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { processorTime } from '../../../../test/support/processor-time.ts'
import { RetainedTree } from './retained-tree.ts'
import { isValidTopicFilter, matchesFilter } from './topics.ts'

function treeOf(...topics: string[]): RetainedTree<string> {
  const tree = new RetainedTree<string>()
  for (const topic of topics) tree.set(topic, topic)
  return tree
}

function found(tree: RetainedTree<string>, filter: string): string[] {
  return tree.match(filter).entries.map(([topic]) => topic)
}

describe('match', () => {
  it('[MQTT-4.7.1-2] # takes all levels below, and the level itself', () => {
    const tree = treeOf('sport', 'sport-x', 'sport/', 'sport/a', 'sport/a/b', 'sports', '/', 'a')
    expect(found(tree, 'sport/#')).toEqual(['sport', 'sport/', 'sport/a', 'sport/a/b'])
    expect(found(tree, '#')).toHaveLength(8)
    expect(found(tree, '/#')).toEqual(['/'])
    expect(found(tree, 'sport/a/#')).toEqual(['sport/a', 'sport/a/b'])
  })

  it('[MQTT-4.7.1-3] + takes one level, which may be empty', () => {
    const tree = treeOf('a', 'a/', 'a/b', 'a/b/c', 'a/x/c', 'a-b', 'b/b', '/b')
    expect(found(tree, '+')).toEqual(['a', 'a-b'])
    expect(found(tree, 'a/+')).toEqual(['a/', 'a/b'])
    expect(found(tree, '+/b')).toEqual(['/b', 'a/b', 'b/b'])
    expect(found(tree, 'a/+/c')).toEqual(['a/b/c', 'a/x/c'])
    expect(found(tree, '+/+/#')).toEqual(['/b', 'a/', 'a/b', 'a/b/c', 'a/x/c', 'b/b'])
  })

  it('[MQTT-4.7.2-1] leading wildcards leave out topics that begin with $', () => {
    const tree = treeOf('!', '$SYS/a', '$SYS/b/c', '$x', '%', 'a/$SYS')
    expect(found(tree, '#')).toEqual(['!', '%', 'a/$SYS'])
    expect(found(tree, '+')).toEqual(['!', '%'])
    expect(found(tree, '+/a')).toEqual([])
    expect(found(tree, '$SYS/#')).toEqual(['$SYS/a', '$SYS/b/c'])
    expect(found(tree, '$SYS/+')).toEqual(['$SYS/a'])
    expect(found(tree, 'a/+')).toEqual(['a/$SYS'])
    expect(tree.match('+/#', { effort: 4 }).after).toBeUndefined()
  })

  it('answers a filter without wildcards with that topic', () => {
    const tree = treeOf('a/b', 'a/c')
    expect(tree.match('a/b')).toEqual({ entries: [['a/b', 'a/b']], after: undefined })
    expect(tree.match('a')).toEqual({ entries: [], after: undefined })
    expect(tree.match('a/b', { after: 'a/b' }).entries).toEqual([])
    expect(tree.match('a/b', { after: 'a/a' }).entries).toHaveLength(1)
  })
})

describe('set, get and delete', () => {
  it('keeps one value a topic', () => {
    const tree = new RetainedTree<number>()
    expect(tree.set('a', 1)).toBe(false)
    expect(tree.set('a', 2)).toBe(true)
    expect(tree.set('__proto__', 3)).toBe(false)
    expect(tree.size).toBe(2)
    expect(tree.get('a')).toBe(2)
    expect(tree.get('b')).toBeUndefined()
    expect(tree.match('#').entries).toEqual([
      ['__proto__', 3],
      ['a', 2],
    ])
    expect(tree.delete('a')).toBe(true)
    expect(tree.delete('a')).toBe(false)
    expect(tree.size).toBe(1)
    tree.clear()
    expect(tree.size).toBe(0)
    expect(tree.match('#')).toEqual({ entries: [], after: undefined })
  })

  it('keeps undefined and null as values', () => {
    const tree = new RetainedTree<null | undefined>()
    tree.set('a', undefined)
    tree.set('b', null)
    expect(tree.match('#').entries).toEqual([
      ['a', undefined],
      ['b', null],
    ])
  })

  it('does not change a page that was given out', () => {
    const tree = treeOf('a')
    const page = tree.match('#')
    tree.set('a', 'new')
    expect(page.entries).toEqual([['a', 'a']])
  })
})

describe('pages', () => {
  it('go on behind the topic before, whatever came and went between', () => {
    const tree = treeOf('a/1', 'a/2', 'a/3', 'a/4', 'a/5')
    const first = tree.match('a/+', { limit: 2 })
    expect(first).toEqual({
      entries: [
        ['a/1', 'a/1'],
        ['a/2', 'a/2'],
      ],
      after: 'a/2',
    })
    for (const topic of ['a/2', 'a/4']) tree.delete(topic)
    for (const topic of ['a/0', 'a/2x', 'a/9']) tree.set(topic, topic)
    const second = tree.match('a/+', { limit: 2, after: first.after })
    expect(second.entries.map(([topic]) => topic)).toEqual(['a/2x', 'a/3'])
    const third = tree.match('a/+', { limit: 9, after: second.after })
    expect(third.entries.map(([topic]) => topic)).toEqual(['a/5', 'a/9'])
    expect(third.after).toBeUndefined()
  })

  it('are bounded by what is looked at, too', () => {
    const tree = new RetainedTree<number>()
    for (let i = 0; i < 1000; i++) tree.set(`${i}/a`, i)
    tree.set('500/b', 0)
    const given: string[] = []
    let pages = 0
    let after: string | undefined
    do {
      const page = tree.match('+/b', { after, limit: 10, effort: 100 })
      given.push(...page.entries.map(([topic]) => topic))
      after = page.after
      pages++
    } while (after !== undefined)
    expect(given).toEqual(['500/b'])
    expect(pages).toBe(11)
  })

  it('lose nothing when nothing is asked for', () => {
    const tree = treeOf('a', 'b')
    expect(tree.match('#', { limit: 0 })).toEqual({ entries: [], after: '' })
    expect(tree.match('#', { limit: 0, after: 'a' })).toEqual({ entries: [], after: 'a' })
  })

  it('cost their own length, not that of the whole', () => {
    const tree = new RetainedTree<number>()
    for (let i = 0; i < 50_000; i++) tree.set(`site/${(i * 7919) % 50_000}/temperature`, i)
    const begin = processorTime()
    let after: string | undefined = 'site/3'
    for (let i = 0; i < 1000; i++) after = tree.match('#', { after, limit: 5, effort: 5 }).after
    // Walking the whole would take 1,000 times some milliseconds.
    expect(processorTime() - begin).toBeLessThan(500)
    // What begins plainly looks at no more than what it finds, and one more.
    expect(tree.match('site/777/#', { effort: 2 })).toMatchObject({
      entries: [[expect.anything(), expect.anything()]],
      after: undefined,
    })
    expect(tree.match('site/777/+/x', { effort: 2 })).toEqual({ entries: [], after: undefined })
  })

  it('leap over what is below a level', () => {
    const tree = new RetainedTree<number>()
    for (let i = 0; i < 10; i++) for (let j = 0; j < 1000; j++) tree.set(`${i}/${j}/x`, j)
    tree.set('5/a', 1)
    expect(tree.match('+/a', { effort: 25 })).toEqual({ entries: [['5/a', 1]], after: undefined })
    expect(tree.match('+', { effort: 11 })).toEqual({ entries: [], after: undefined })
  })

  it('take topics and filters of 65,535 slashes', () => {
    const slashes = '/'.repeat(65_535)
    const tree = treeOf(slashes, 'a', '/')
    expect(found(tree, '#')).toEqual(['/', slashes, 'a'])
    expect(found(tree, '+/'.repeat(32_767) + '#')).toEqual([slashes])
    expect(found(tree, '+/'.repeat(32_767) + '+')).toEqual([])
    tree.delete(slashes)
    expect(found(tree, '/#')).toEqual(['/'])
  })
})

describe('any sequence of changes', () => {
  const level = fc.constantFrom('', 'a', 'b', 'ab', 'a-', 'a0', '$', '$a', '!', '😀')
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/') || 'a')
  const filters = fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 3 }), fc.constantFrom('', 'a', '+', '#'))
    .map(([levels, last]) => [...levels, last].join('/') || '#')
    .filter(isValidTopicFilter)

  it('equals a list that is filtered and sorted, in pages of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(topics, fc.boolean()), { maxLength: 60 }),
        fc.array(filters, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (changes, asked, limit, effort) => {
          const tree = new RetainedTree<number>()
          const model = new Map<string, number>()
          for (const [i, [topic, present]] of changes.entries()) {
            if (present) expect(tree.set(topic, i)).toBe(model.has(topic))
            else expect(tree.delete(topic)).toBe(model.has(topic))
            if (present) model.set(topic, i)
            else model.delete(topic)
            expect(tree.size).toBe(model.size)
          }
          for (const filter of asked) {
            const expected = [...model].filter(([topic]) => matchesFilter(filter, topic))
            expected.sort(([a], [b]) => (a < b ? -1 : 1))
            expect(tree.match(filter).entries).toEqual(expected)
            const paged: (readonly [string, number])[] = []
            let after: string | undefined
            do {
              const page = tree.match(filter, { after, limit, effort })
              expect(page.entries.length).toBeLessThanOrEqual(limit)
              paged.push(...page.entries)
              after = page.after
            } while (after !== undefined)
            expect(paged).toEqual(expected)
          }
        },
      ),
      { numRuns: 250 },
    )
  })
})
