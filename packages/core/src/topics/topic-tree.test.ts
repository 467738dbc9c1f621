import { describe, expect, it } from 'vitest'
import { TopicTree } from './topic-tree.ts'

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
    const tree = new TopicTree<string>({ merge: (values) => values.join('+') })
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
