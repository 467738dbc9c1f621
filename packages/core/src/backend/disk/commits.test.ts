/** Commits in groups. */
import { MemoryStore, VirtualClock } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { Commits } from './commits.ts'

function opened() {
  const store = new MemoryStore()
  const clock = new VirtualClock()
  const turns: (string | undefined)[] = []
  const commits = new Commits(store, clock, (failure) => turns.push(failure?.code))
  commits.open()
  return { store, clock, commits, turns }
}

it('applies all of a batch in order before anybody is told', async () => {
  const { commits } = opened()
  const log: string[] = []
  commits.put(Uint8Array.of(1), Uint8Array.of(1))
  const one = commits.commit(() => log.push('one')).then(() => log.push('told'))
  const two = commits.commit(() => log.push('two'))
  expect(log).toEqual([])
  await Promise.all([one, two])
  expect(log).toEqual(['one', 'two', 'told'])
})

it('reverts a batch that cannot be written, last to first, and tells when that begins and ends', async () => {
  const { store, clock, commits, turns } = opened()
  const log: string[] = []
  store.failure = new Error('no space')
  commits.put(Uint8Array.of(1), Uint8Array.of(1))
  const first = commits.commit(undefined, () => log.push('first'))
  const second = commits.commit(undefined, () => log.push('second'))
  await expect(first).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect(second).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect(log).toEqual(['second', 'first'])
  store.failure = undefined
  commits.put(Uint8Array.of(1), Uint8Array.of(2))
  await commits.commit()
  await clock.advance(999)
  expect(turns).toEqual(['STORE_FAILED'])
  await clock.advance(1)
  expect(turns).toEqual(['STORE_FAILED', undefined])
})

it('tells once of a store that takes some batches and not others', async () => {
  const { store, clock, commits, turns } = opened()
  for (let i = 0; i < 10; i++) {
    store.failure = i % 2 === 0 ? new Error('no space') : undefined
    commits.put(Uint8Array.of(1), Uint8Array.of(i))
    await commits.commit().catch(() => {})
    expect(commits.failing).toBe(i % 2 === 0)
    await clock.advance(900)
  }
  expect(turns).toEqual(['STORE_FAILED'])
  await clock.advance(100)
  expect(turns).toEqual(['STORE_FAILED', undefined])
})

it('tells nothing of a store any more when it is closed', async () => {
  const { store, clock, commits, turns } = opened()
  store.failure = new Error('no space')
  commits.put(Uint8Array.of(1), Uint8Array.of(1))
  await commits.commit().catch(() => {})
  store.failure = undefined
  commits.put(Uint8Array.of(1), Uint8Array.of(2))
  await commits.close()
  await clock.advance(2_000)
  expect(turns).toEqual(['STORE_FAILED'])
})

it('takes a batch of which all was withdrawn for no sign that the store commits again', async () => {
  const { store, commits, turns } = opened()
  store.failure = new Error('no space')
  commits.put(Uint8Array.of(1), Uint8Array.of(1))
  await expect(commits.commit()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  const change = { batch: undefined, make: () => ({ key: Uint8Array.of(2), value: undefined }) }
  commits.putLate(change, true)
  expect(commits.withdraw(change)).toBe(true)
  await commits.commit()
  expect([turns, commits.failing, store.commits]).toEqual([['STORE_FAILED'], true, 0])
})

it('goes on behind a batch that could not be applied', async () => {
  const { commits } = opened()
  const log: string[] = []
  commits.put(Uint8Array.of(1), Uint8Array.of(1))
  const failing = commits.commit(() => {
    throw new Error('a fault of ours')
  })
  const beside = commits.commit(() => log.push('applied'))
  await expect(failing).rejects.toThrow('a fault of ours')
  await expect(beside).rejects.toThrow()
  commits.put(Uint8Array.of(2), Uint8Array.of(2))
  await commits.commit()
  expect(log).toEqual(['applied'])
})
