/** Options are a table: defaults, ranges, and errors that name owner and key. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { Stack } from '../stack/stack.ts'
import { Middleware } from './middleware.ts'
import type { OptionsSpec } from './options.ts'
import { describeOption, resolveOptions } from './options.ts'
import { STACK_OPTIONS } from './stack-options.ts'

interface Lamp {
  watts: number
  colour?: 'red' | 'white'
  dimmed?: boolean
  name?: string
  onSwitch?: () => void
  socket?: unknown
}

const SPEC: OptionsSpec<Lamp> = {
  watts: { kind: 'number', min: 1, max: 100, unit: 'W', doc: 'How bright.' },
  colour: { kind: 'string', default: 'white', choices: ['red', 'white'], doc: 'Which colour.' },
  dimmed: { kind: 'boolean', default: false, doc: 'Less light.' },
  name: { kind: 'string', default: 'lamp', doc: 'What to call it.' },
  onSwitch: { kind: 'function', optional: true, doc: 'Called by the switch.' },
  socket: { kind: 'any', optional: true, doc: 'Where it is plugged in.' },
}

const resolve = (given: object): unknown => resolveOptions('Lamp', given as Lamp, SPEC)

describe('resolveOptions', () => {
  it('fills in defaults and leaves out what is optional', () => {
    expect(resolve({ watts: 40 })).toEqual({ watts: 40, colour: 'white', dimmed: false, name: 'lamp' })
  })

  it('keeps what is given', () => {
    const onSwitch = (): void => {}
    const given = { watts: 1, colour: 'red', dimmed: true, name: '', onSwitch, socket: 7 }
    expect(resolve(given)).toEqual(given)
  })

  it('an undefined value is one that was left out', () => {
    expect(resolve({ watts: 40, name: undefined })).toMatchObject({ name: 'lamp' })
  })

  it('an option without a default is required', () => {
    expect(() => resolve({})).toThrow(expect.objectContaining({ code: 'OPTION_MISSING' }))
    expect(() => resolve({})).toThrow(/Lamp.*"watts"/)
  })

  it('an unknown option is an error that names it, and what is known', () => {
    expect(() => resolve({ watts: 1, colur: 'red' })).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
    )
    expect(() => resolve({ watts: 1, colur: 'red' })).toThrow(/Lamp.*"colur".*colour/)
  })

  it('a member of every object is no known option', () => {
    expect(() => resolve({ watts: 1, toString: 'x' })).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
    )
  })

  it.each([
    ['watts', 0],
    ['watts', 101],
    ['watts', Number.NaN],
    ['watts', '40'],
    ['watts', null],
    ['colour', 'green'],
    ['dimmed', 'yes'],
    ['name', 5],
    ['onSwitch', 'call me'],
  ])('%s: %j is an error that names it', (key, value) => {
    const given = { watts: 40, [key]: value }
    expect(() => resolve(given)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => resolve(given)).toThrow(`Lamp: option "${key}"`)
  })

  it('the ends of a range are allowed', () => {
    expect(resolve({ watts: 1 })).toMatchObject({ watts: 1 })
    expect(resolve({ watts: 100 })).toMatchObject({ watts: 100 })
  })

  it('numbers are not negative unless the table says so', () => {
    const spec: OptionsSpec<{ n?: number }> = { n: { kind: 'number', default: 0, doc: '' } }
    expect(() => resolveOptions('X', { n: -1 }, spec)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  it('takes plain defaults in place of a table, as the seed’s middlewares give them', () => {
    const defaults = { limit: 5, label: 'x' }
    expect(resolveOptions('Seed', undefined, defaults)).toEqual({ limit: 5, label: 'x' })
    expect(resolveOptions('Seed', { limit: 6, label: 'y' }, defaults)).toEqual({ limit: 6, label: 'y' })
    expect(() => resolveOptions('Seed', { limit: 'six' as never, label: 'y' }, defaults)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})

describe('describeOption', () => {
  it.each([
    [SPEC.watts, 'a number from 1 to 100 (W)'],
    [{ kind: 'number', default: 1, unit: 'ms', doc: '' } as const, 'a number of at least 0 (ms)'],
    [SPEC.colour, 'one of "red", "white"'],
    [SPEC.dimmed, 'a boolean'],
  ])('says what is allowed: %#', (row, words) => {
    expect(describeOption(row)).toBe(words)
  })
})

describe('a middleware', () => {
  class Lantern extends Middleware<Lamp> {
    constructor(options: Lamp) {
      super(options, SPEC)
    }
  }

  it('has its options after defaults, typed', () => {
    const lantern = new Lantern({ watts: 5 })
    expect(lantern.config).toMatchObject({ watts: 5, colour: 'white' })
    expectTypeOf(lantern.config.colour).toEqualTypeOf<'red' | 'white'>()
  })

  it('names itself in errors', () => {
    expect(() => new Lantern({} as Lamp)).toThrow(/^Lantern: option "watts"/)
  })
})

describe('a stack', () => {
  it('refuses an option that it does not know', () => {
    expect(() => new Stack({ stric: true } as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
    )
  })

  it.each([
    ['strict', 'yes'],
    ['packetLimit', 1],
    ['packetLimit', 268_435_461],
    ['topicLevels', 0],
    ['topicBytes', 65_536],
    ['errorHandler', {}],
    ['drainTimeout', 0],
  ])('refuses %s: %j', (key, value) => {
    expect(() => new Stack({ [key]: value })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  it.each(Object.entries(STACK_OPTIONS))('documents %s', (_key, row) => {
    expect(row.doc).toMatch(/\.$/)
    expect(row.default !== undefined || row.optional).toBe(true)
  })

  it('has the defaults that the documentation names', () => {
    expect(new Stack().config).toMatchObject({
      strict: false,
      connectLimit: 65_536,
      packetLimit: 1_048_576,
      topicLevels: 64,
      topicBytes: 4_096,
      highWater: 1_048_576,
      drainTimeout: 30_000,
      stallTimeout: 30_000,
    })
  })
})
