import { settle } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { Slots } from './slots.ts'

it('lets so many go at a time, in the order of coming, whatever becomes of them', async () => {
  const slots = new Slots(2)
  const begun: number[] = []
  const ends: ((error?: Error) => void)[] = []
  const all = [0, 1, 2, 3].map((i) =>
    slots.run(() => {
      begun.push(i)
      return new Promise<number>((resolve, reject) => {
        ends[i] = (error) => (error === undefined ? resolve(i) : reject(error))
      })
    }),
  )
  const outcomes = Promise.allSettled(all)
  await settle()
  expect(begun).toEqual([0, 1])
  ends[1](new Error('lost'))
  await settle()
  expect(begun).toEqual([0, 1, 2])
  ends[0]()
  ends[2]()
  await settle()
  ends[3]()
  expect((await outcomes).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  expect(await slots.run(async () => 'free again')).toBe('free again')
})
