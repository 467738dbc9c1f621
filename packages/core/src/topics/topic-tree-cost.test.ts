import { describe, expect, it } from 'vitest'
import { heapUsed } from '../../../../test/rig/young.ts'
import { processorTime } from '../../../../test/support/processor-time.ts'
import { TopicTree } from './topic-tree.ts'

/** Asks often enough for the answer to be remembered. */
function warm<T>(tree: TopicTree<T>, ...topics: string[]): void {
  for (const topic of [...topics, ...topics]) tree.match(topic)
}

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
      warm(tree, 'site/50/x')
      const { visited } = tree.stats
      tree.add('site/50/#', 'key', 0)
      tree.add('new/+', 'key', 0)
      tree.add('site/51/x', 'key', 0)
      tree.match('site/50/x')
      tree.match('new/x')
      return tree.stats.visited - visited
    })
    expect(work[0]).toBe(work[1])
    expect(work[0]).toBeLessThan(50)
  })

  it('does not grow with the topics remembered where a filter begins with a wildcard', () => {
    const work = [100, 10_000].map((n) => {
      const tree = new TopicTree<number>()
      for (let i = 0; i < n; i++) warm(tree, `device${i}/x`)
      const { visited } = tree.stats
      for (let i = 0; i < 1_000; i++) tree.add(`+/x${i}`, 'key', i)
      for (let i = 0; i < 1_000; i++) tree.remove(`+/x${i}`, 'key')
      return tree.stats.visited - visited
    })
    expect(work[0]).toBe(work[1])
    // A search among what is remembered looked at 20,000,000.
    expect(work[1]).toBeLessThan(20_000)
  })

  it('is given back as memory although nobody asks for the topics again', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 50; i++) tree.add('+/x', `key${i}`, i)
    tree.add('#', 'key', 0)
    for (let i = 0; i < 100; i++) warm(tree, `${i}/x`)
    const { cachedBytes } = tree.stats
    for (let i = 0; i < 100; i++) {
      tree.add('other/+', 'restless', i)
      tree.remove('other/+', 'restless')
    }
    expect(tree.stats.cachedBytes).toBeLessThan(cachedBytes / 2)
  })

  it('is one merge for all subscriptions of a key, however many there are', () => {
    let merges = 0
    const tree = new TopicTree<number[]>({
      merge: (values) => {
        merges++
        return values.flat()
      },
    })
    for (let i = 0; i < 1_000; i++) tree.add(`${'+/'.repeat(i % 10)}#`, `key${i % 2}`, [i])
    for (let i = 0; i < 1_000; i++) tree.add(`a/b/c/d/e/f/g/h/i/j${i % 2 === 0 ? '' : '/#'}`, 'key0', [i])
    merges = 0
    tree.match('a/b/c/d/e/f/g/h/i/j')
    expect(merges).toBe(2)
  })

  it('is no copy of all when many share the filter', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 20_000; i++) tree.add('all/#', `key${i}`, i)
    warm(tree, 'all/x')
    const begin = processorTime()
    for (let i = 0; i < 20_000; i++) {
      tree.add('all/#', 'restless', i)
      tree.remove('all/#', 'restless')
    }
    // 20,000 copies of 20,000 would take seconds, and so would a Map that walks its dead entries.
    expect(processorTime() - begin).toBeLessThan(500)
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

  it('takes no more after many changes than before', () => {
    const tree = new TopicTree<number>()
    tree.add('a', 'one', 1)
    tree.add('#', 'one', 1)
    warm(tree, 'a')
    const { cachedBytes } = tree.stats
    for (let i = 0; i < 10; i++) {
      tree.add('a', 'two', 1)
      expect(tree.stats.cachedBytes).toBeLessThan(cachedBytes)
      tree.match('a')
      expect(tree.stats.cachedBytes).toBeGreaterThan(cachedBytes)
      tree.remove('a', 'two')
      tree.match('a')
    }
    expect(tree.stats.cachedBytes).toBe(cachedBytes)
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
    const tree = new TopicTree<number>({ cacheSize: 1000 })
    const busy = Array.from({ length: 100 }, (_, i) => `busy/${i}`)
    warm(tree, ...busy)
    for (let i = 0; i < 15_000; i++) tree.match(`once/${i}`)
    expect(tree.stats.cachedTopics).toBeLessThan(800)
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

describe('memory', () => {
  it('is back where it began when all subscriptions are gone', () => {
    const tree = new TopicTree<number>()
    const round = (): void => {
      for (let i = 0; i < 5000; i++) {
        tree.add(`a/${i}/+/b`, 'key', i)
        tree.add(`a/${i}`, 'key', i)
        warm(tree, `a/${i % 100}/x/b`)
      }
      for (let i = 0; i < 5000; i++) {
        tree.remove(`a/${i}/+/b`, 'key')
        tree.remove(`a/${i}`, 'key')
      }
    }
    round()
    const before = heapUsed()
    round()
    expect(heapUsed() - before).toBeLessThan(500_000)
  })

  it('holds no long filter for the sake of a level that a short one has too', () => {
    const tree = new TopicTree<number>()
    const before = heapUsed()
    for (let i = 0; i < 100; i++) {
      const level = `a level of more than a few characters ${i}`
      const long = Buffer.from(`${level}/${'x'.repeat(60_000)}/+`).toString()
      tree.add(long, 'key', i)
      tree.add(Buffer.from(`${level}/+`).toString(), 'key', i)
      tree.remove(long, 'key')
    }
    expect(heapUsed() - before).toBeLessThan(2_500_000)
  })
})
