import { settle, VirtualClock } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import type { EndOfTurn } from './turn.ts'
import { Turn } from './turn.ts'

it('writes that take long are shared out among turns, and small ones pass them', async () => {
  const clock = new VirtualClock()
  const turn = new Turn((error) => {
    throw error
  }, clock)
  const turns: string[][] = [[]]
  const note = (what: string): void => void turns.at(-1)?.push(what)
  const heavy = (what: string): EndOfTurn => ({
    endTurn() {
      clock.spend(2)
      note(what)
    },
  })
  for (let i = 0; i < 20; i++) turn.write(heavy(`heavy ${i}`))
  turn.write({ light: true, endTurn: () => note('light') })
  const late: EndOfTurn = { light: true, endTurn: () => note('late') }
  const end: EndOfTurn = {
    endTurn() {
      turns.push([])
      if (turns.length === 2) turn.write(late)
      if (turns.length < 6) turn.behind(end)
    },
  }
  turn.behind(end)
  await settle()
  const names = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `heavy ${from + i}`)
  // Six of 2 ms pass the 10 ms that writes may take. What is small is sent first while large ones are left over.
  expect(turns.filter((done) => done.length > 0)).toEqual([
    [...names(0, 6), 'light'],
    ['late', ...names(6, 12), 'late'],
    names(12, 18),
    names(18, 20),
  ])
})
