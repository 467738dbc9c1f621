import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SortedTopics } from './sorted-topics.ts'

interface Item {
  readonly topic: string
}

function walk(sorted: SortedTopics<Item>, from = ''): string[] {
  const topics: string[] = []
  for (const cursor = sorted.seek(from); cursor.item !== undefined; cursor.next())
    topics.push(cursor.item.topic)
  return topics
}

it('keeps thousands of items in order, over many blocks', () => {
  const sorted = new SortedTopics<Item>()
  const topics = Array.from({ length: 5000 }, (_, i) => `t${(i * 7919) % 5000}`)
  for (const topic of topics) sorted.add({ topic })
  topics.sort()
  expect(walk(sorted)).toEqual(topics)
  expect(sorted.blocks).toBeGreaterThan(5)
  for (const from of ['a', 't', 't2500', 't2500x', 't9', 'z']) {
    expect(walk(sorted, from)).toEqual(topics.filter((topic) => topic >= from))
  }
})

it('seeks only upwards', () => {
  const sorted = new SortedTopics<Item>()
  for (let i = 0; i < 3000; i++) sorted.add({ topic: `t${i}` })
  const cursor = sorted.seek('t2')
  cursor.seek('t1')
  expect(cursor.item?.topic).toBe('t2')
  cursor.seek('t999')
  expect(cursor.item?.topic).toBe('t999')
  cursor.next()
  expect(cursor.item).toBeUndefined()
  cursor.seek('t1')
  cursor.next()
  expect(cursor.item).toBeUndefined()
})

it('gives blocks back as items go, in whatever order', () => {
  for (const step of [1, 7, 4999]) {
    const sorted = new SortedTopics<Item>()
    for (let i = 0; i < 5000; i++) sorted.add({ topic: `t${i}` })
    let removed = 0
    for (let i = 0; i < 4990; i++) if (sorted.remove(`t${(i * step) % 5000}`)) removed++
    expect(removed).toBe(4990)
    expect(sorted.remove('t0')).toBe(false)
    expect(sorted.remove('nobody')).toBe(false)
    expect(walk(sorted)).toHaveLength(10)
    expect(sorted.blocks).toBeLessThanOrEqual(2)
    for (const topic of walk(sorted)) sorted.remove(topic)
    expect(sorted.blocks).toBe(0)
    expect(sorted.remove('t0')).toBe(false)
  }
})

it('equals a sorted array', () => {
  const topic = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 })
  fc.assert(
    fc.property(fc.array(fc.tuple(topic, fc.boolean())), topic, (changes, from) => {
      const sorted = new SortedTopics<Item>()
      const model = new Set<string>()
      for (const [topic, present] of changes) {
        if (!present) expect(sorted.remove(topic)).toBe(model.delete(topic))
        else if (!model.has(topic)) sorted.add({ topic })
        if (present) model.add(topic)
      }
      expect(walk(sorted, from)).toEqual([...model].sort().filter((topic) => topic >= from))
    }),
  )
})
