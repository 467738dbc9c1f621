import { expect, test } from 'vitest'
import { Ledger, States } from './ledger.ts'

test('what was acknowledged and did not come is lost; what was not may be', () => {
  const ledger = new Ledger()
  const [first, second] = [ledger.receiver('first', 2), ledger.receiver('second', 1)]
  for (const id of ['a', 'b', 'c']) ledger.sent(id, 2)
  ledger.acknowledge('a')
  ledger.acknowledge('b')
  first.got('a')
  first.got('b')
  second.got('a')
  expect(ledger.lost()).toEqual(['b for second'])
})

test('QoS 2 comes once where it is delivered as QoS 2', () => {
  const ledger = new Ledger()
  const [exact, atLeast] = [ledger.receiver('exact', 2), ledger.receiver('atLeast', 1)]
  ledger.sent('one', 1)
  ledger.sent('two', 2)
  for (const receiver of [exact, atLeast, exact, atLeast]) for (const id of ['one', 'two']) receiver.got(id)
  expect(ledger.twice()).toEqual(['two for exact: 2 times'])
  exact.got('three')
  expect(ledger.strange()).toEqual(['three for exact'])
})

test('a retained value is the last that was acknowledged, or one that was sent behind it', () => {
  const states = new States()
  for (let value = 1; value <= 4; value++) states.next('t')
  states.acknowledge('t', 2)
  const wrong = (value?: number): boolean =>
    states.wrong(new Map(value === undefined ? [] : [['t', value]])).length > 0
  expect([wrong(), wrong(1), wrong(3), wrong(5)]).toEqual([false, true, false, true])
  states.acknowledge('t', 3)
  expect([wrong(), wrong(3)]).toEqual([false, false])
})
