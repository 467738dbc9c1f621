import { expect, it } from 'vitest'
import type { RouteChange } from './frames.ts'
import { pagesOf, routesFrames } from './route-frames.ts'

const END = { gone: ['c'], markers: ['a'], tag: 7 }

function framesOf(count: number, isSnapshot: boolean): string[] {
  const changes = Array.from({ length: count }, (_, i): RouteChange => {
    return { filter: `${i}`, group: undefined, members: 1, connected: false }
  })
  const frames = [...routesFrames('a', 3, isSnapshot, pagesOf(changes), END)]
  return frames.map(({ part, changes, gone, markers, tag }) =>
    [part, changes.length, changes[0]?.filter, ...gone, ...markers, tag].join(' '),
  )
}

it('many routes go in several frames, and what is to be done behind them stands in the last', () => {
  expect(framesOf(2_500, false)).toEqual(['change 1000 0 0', 'change 1000 1000 0', 'change 500 2000 c a 7'])
  expect(framesOf(2_000, true)).toEqual(['first 1000 0 0', 'last 1000 1000 c a 7'])
  expect(framesOf(3_000, true)).toEqual(['first 1000 0 0', 'next 1000 1000 0', 'last 1000 2000 c a 7'])
})

it('no routes are one frame', () => {
  expect(framesOf(0, true)).toEqual(['only 0  c a 7'])
  expect(framesOf(0, false)).toEqual(['change 0  c a 7'])
})
