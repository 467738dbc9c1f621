import { describe, expect, it } from 'vitest'
import { parseSoakOptions } from './options.ts'

describe("a soak's options", () => {
  it('are ten minutes and a page by default', () => {
    expect(parseSoakOptions([])).toMatchObject({ seconds: 600, out: 'docs/soak.md' })
  })

  it('write no page of a look at the tool, unless it is asked for', () => {
    expect(parseSoakOptions(['--seconds', '20'])).toMatchObject({ seconds: 20, out: undefined })
    expect(parseSoakOptions(['--minutes', '0.5'])).toMatchObject({ seconds: 30, out: undefined })
    expect(parseSoakOptions(['--seconds', '20', '--out', 'x.md']).out).toBe('x.md')
  })

  it.each([
    [['--minutes', '0']],
    [['--minutes', 'x']],
    [['--seconds', '90000']],
    [['--seconds', '1', '--minutes', '1']],
  ])('that cannot be are told: %s', (args) => {
    expect(() => parseSoakOptions(args)).toThrow(args[0])
  })
})
