/** Random rules, asked about random topics and filters, beside a model that goes through all rules one by one. */
import { matchesFilter } from '@mqtt-stack/core'
import { expect, it } from 'vitest'
import { makeRules } from './read-file.ts'
import { Rights } from './rights.ts'
import type { AclRule } from './rule.ts'

const LEVELS = ['a', 'b', '$x', '%u']
const TOPICS = topicsOf(['a', 'b', '$x'], 3)

function topicsOf(levels: readonly string[], depth: number): string[] {
  if (depth === 0) return []
  const below = topicsOf(levels, depth - 1)
  return levels.flatMap((level) => [level, ...below.map((rest) => `${level}/${rest}`)])
}

/** The same numbers on each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

it('decides as whoever reads all rules in their order', () => {
  const next = numbers(7)
  const pick = <T>(from: readonly T[]): T => from[next(from.length)]
  const filter = (levels: readonly string[]): string => {
    const parts = Array.from({ length: next(3) + 1 }, () => pick([...levels, '+']))
    return [...parts, ...(next(3) === 0 ? ['#'] : [])].slice(next(8) === 0 ? -1 : 0).join('/')
  }
  let granted = 0
  for (let round = 0; round < 400; round++) {
    const rules = Array.from({ length: next(6) + 1 }, (): AclRule => {
      const who = pick([{}, {}, { user: 'a' }, { user: 'b' }, { group: 'g' }, { client: 'c' }])
      const actions = pick([['publish'], ['subscribe'], ['receive'], ['publish', 'subscribe']] as const)
      return { [next(2) === 0 ? 'allow' : 'deny']: actions, topic: filter(LEVELS), ...who }
    })
    const names = { user: pick(['a', 'b', undefined]), clientId: pick(['c', 'd']), groups: pick([[], ['g']]) }
    const mine = new Rights(makeRules(rules, undefined), {
      ...names,
      away: false,
      address: undefined,
      listener: undefined,
    })
    const decide = (action: string, topic: string): boolean | undefined => {
      for (const { allow, deny, topic: pattern, user, group, client } of rules) {
        if (!([allow, deny].flat() as unknown[]).includes(action)) continue
        if (user !== undefined && user !== names.user) continue
        if (client !== undefined && client !== names.clientId) continue
        if (group !== undefined && !(names.groups as string[]).includes(group as string)) continue
        const filled = (pattern as string).replaceAll('%u', names.user ?? '\0')
        if (matchesFilter(filled, topic)) return allow !== undefined
      }
      return undefined
    }
    for (const topic of TOPICS) {
      expect(mine.mayPublish(topic, 0, false)).toBe(decide('publish', topic) ?? false)
      expect(mine.mayReceive(topic)).toBe(decide('receive', topic) ?? true)
    }
    for (let i = 0; i < 20; i++) {
      const asked = filter(['a', 'b', '$x'])
      const read = TOPICS.filter((topic) => matchesFilter(asked, topic))
      if (!mine.subscribe(asked).allowed) continue
      granted++
      // Nothing that is denied can be read through what is granted.
      for (const topic of read)
        expect([asked, topic, decide('subscribe', topic)]).toEqual([asked, topic, true])
    }
    for (const topic of TOPICS) {
      const expected = (decide('subscribe', topic) ?? false) && (decide('receive', topic) ?? true)
      expect([topic, mine.subscribe(topic).allowed]).toEqual([topic, expected])
    }
  }
  expect(granted).toBeGreaterThan(200)
})
