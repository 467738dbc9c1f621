import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Measures } from './index.ts'
import { RateLimit } from './index.ts'
import { ProcessMeasures } from './measures.ts'

async function measured() {
  let now: Measures = { memory: 0.1, loopDelay: 1 }
  const stack = await testStack(new RateLimit({ measure: () => now }), acceptAll())
  return Object.assign(stack, {
    async is(measures: Partial<Measures>) {
      now = { ...now, ...measures }
      await stack.advance(1_000)
    },
    async connack(protocolVersion: 4 | 5 = 5) {
      const { reasonCode, returnCode, properties } = await stack.open({ protocolVersion }).connect()
      return [reasonCode ?? returnCode, properties?.reasonString]
    },
  })
}

describe('while memory is short', () => {
  it('new clients are refused with 0x97, or 3 before 5.0, and old ones go on', async () => {
    const { client, is, connack } = await measured()
    const alice = await client()
    await is({ memory: 0.91 })
    expect(await connack()).toEqual([0x97, 'memory is short (memory)'])
    expect(await connack(4)).toEqual([3, undefined])
    await alice.publish('a', 'b')
    expect(alice.stream.destroyed).toBe(false)
  })

  it('it is over a tenth below the limit', async () => {
    const { is, connack } = await measured()
    await is({ memory: 0.95 })
    await is({ memory: 0.85 })
    expect((await connack())[0]).toBe(0x97)
    await is({ memory: 0.8 })
    expect((await connack())[0]).toBe(0)
  })
})

describe('while the event loop is late', () => {
  it('new clients are refused with 0x89, or 3 before 5.0', async () => {
    const { is, connack } = await measured()
    await is({ loopDelay: 251 })
    expect(await connack()).toEqual([0x89, 'the event loop is late (loopDelay)'])
    expect(await connack(4)).toEqual([3, undefined])
    await is({ loopDelay: 20 })
    expect((await connack())[0]).toBe(0)
  })

  it('a person is told once when it begins, and once when it is over', async () => {
    const { is, logger } = await measured()
    for (const loopDelay of [300, 400, 300, 10, 10]) await is({ loopDelay })
    expect(logger.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: new clients are refused: the event loop is late (loopDelay)',
      'info: new clients are let in again',
    ])
  })
})

it('a measure that fails is told, and refuses nobody', async () => {
  const measure = (): Measures => {
    throw new Error('no such file')
  }
  const { advance, client, logger } = await testStack(new RateLimit({ measure }), acceptAll())
  await advance(1_000)
  expect(logger.errors).toEqual(['no such file'])
  await client()
})

it('this process is measured where nothing else is given', async () => {
  const measures = new ProcessMeasures()
  // A turn of the event loop, of real time: it is what is measured.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { memory, loopDelay } = measures.take()
  expect(memory).toBeGreaterThan(0)
  expect(memory).toBeLessThan(1)
  expect(loopDelay).toBeGreaterThanOrEqual(0)
  expect(measures.take().loopDelay).toBeGreaterThanOrEqual(0)
  measures.stop()
})
