/** What is remembered, however much somebody does. */
import { ReasonCode } from '@mqtt-stack/core'
import { expect, it } from 'vitest'
import type { Happened } from './history.ts'
import { History } from './history.ts'

const MOST = 1_024
const gone = (clientId: string, topic: string, at = 0): Happened => ({
  kind: 'unsubscribed',
  at,
  clientId,
  topic,
})

it('one client that floods it does not push out what the others did', () => {
  const history = new History(MOST, 60_000)
  for (let i = 0; i < 40; i++) history.add(gone(`lamp-${i}`, 'a'))
  for (let i = 0; i < 100 * MOST; i++) history.add(gone('flood', `t/${i}`))
  const known = history.since(0, 'unsubscribed').filter(({ clientId }) => clientId !== 'flood')
  // One in fifteen shares its ring.
  expect(known.length).toBeGreaterThan(20)
})

it('those who are not let in push out nothing of those who are, whatever names they take', () => {
  const history = new History(MOST, 60_000)
  for (let i = 0; i < 40; i++) history.add(gone(`lamp-${i}`, 'a'))
  for (let i = 0; i < 100 * MOST; i++) {
    const clientId = `lamp-${i}`
    history.add({ kind: 'refused', at: 0, clientId, reasonCode: ReasonCode.NOT_AUTHORIZED, reason: 'no' })
    const no = { callback: 'c', middleware: 'm', how: 'no', reason: undefined, topic: undefined } as const
    history.add({ ...no, kind: 'no', at: 0, clientId, side: 'connect', count: 1 })
  }
  expect(history.since(0, 'unsubscribed')).toHaveLength(40)
  expect(history.size).toBeLessThanOrEqual(MOST)
})

it.each([0, 1, 10, 1_000, 1_024, 4_096, 5_000])('of %i events at most tells the newest first', (most) => {
  const history = new History(most, 60_000)
  for (let i = 0; i < 3 * most; i++) history.add(gone(`c${i % 97}`, String(i)))
  const order = history.since(0, 'unsubscribed').map(({ topic }) => Number(topic))
  expect(order).toEqual([...order].sort((a, b) => b - a))
  expect(history.size).toBe(order.length)
  expect(history.size).toBeLessThanOrEqual(most)
  if (most > 0) expect(order[0]).toBe(3 * most - 1)
})

it('what is too old is not told', () => {
  const history = new History(MOST, 100)
  history.add(gone('a', 'old', 0))
  history.add(gone('a', 'new', 50))
  expect(history.since(101, 'unsubscribed').map((one) => one.topic)).toEqual(['new'])
})
