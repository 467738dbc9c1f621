import { describe, expect, it } from 'vitest'
import { parseSoakOptions } from './options.ts'

describe("a soak's options", () => {
  it('are half an hour with hostile clients and a page by default', () => {
    const expected = { flat: false, seconds: 1800, only: undefined, out: 'docs/reliability.md' }
    expect(parseSoakOptions([])).toMatchObject(expected)
  })

  it('are ten minutes and another page at full rate', () => {
    expect(parseSoakOptions(['--flat'])).toMatchObject({ flat: true, seconds: 600, out: 'docs/soak.md' })
  })

  it('write no page of a look at the tool, or at a part of it, unless it is asked for', () => {
    expect(parseSoakOptions(['--seconds', '20'])).toMatchObject({ seconds: 20, out: undefined })
    expect(parseSoakOptions(['--flat', '--minutes', '0.5'])).toMatchObject({ seconds: 30, out: undefined })
    expect(parseSoakOptions(['--only', 'churn,floods'])).toMatchObject({
      only: ['churn', 'floods'],
      out: undefined,
    })
    expect(parseSoakOptions(['--seconds', '20', '--out', 'x.md']).out).toBe('x.md')
  })

  it.each([
    [['--minutes', '0'], '--minutes is 0: it must be from a second to a day'],
    [['--minutes', 'x'], '--minutes is x: it must be from a second to a day'],
    [['--seconds', '90000'], '--seconds is 90000: it must be from a second to a day'],
    [['--seconds', '1', '--minutes', '1'], '--minutes and --seconds: one of them'],
    [['--flat', '--only', 'churn'], '--only and --flat: one of them'],
  ])('that cannot be are told: %s', (args, message) => {
    expect(() => parseSoakOptions(args)).toThrow(message)
  })
})
