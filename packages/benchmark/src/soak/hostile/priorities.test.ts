import { describe, expect, it } from 'vitest'
import { roundRobinPriority } from './priorities.ts'

/** As Linux tells of a process, with its priority in real time and its policy in the end. */
const stat = (name: string, priority: number, policy: number): string =>
  `4711 (${name}) S ${Array.from({ length: 36 }, (_, i) => i).join(' ')} ${priority} ${policy} 0 0 0\n`

describe('the priority in real time', () => {
  it.each([
    ['is that of a process that takes turns', stat('node', 10, 2), 10],
    ['is found behind a name of any characters', stat('a) R 1 (b', 7, 2), 7],
    ['is none for an ordinary process', stat('node', 0, 0), undefined],
    ['is none for one that gives nobody a turn', stat('node', 10, 1), undefined],
    ['is none where the system does not tell', '', undefined],
  ])('%s', (_words, text, priority) => {
    expect(roundRobinPriority(text)).toBe(priority)
  })
})
