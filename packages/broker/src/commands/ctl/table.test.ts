/** Tables of `mqtt-stack ctl`, and how wide text is in a terminal. */
import { describe, expect, it } from 'vitest'
import { cutTo, widthOf } from './display-width.ts'
import { tableOf } from './table.ts'

describe('the width of text', () => {
  it.each([
    ['lamp', 4],
    ['küche', 5],
    ['ku\u0308che', 5],
    ['温度', 4],
    ['온도', 4],
    ['ｆｕｌｌ', 8],
    ['💡', 2],
    ['👩‍🔧', 2],
    ['🇫🇷', 2],
    ['❤️', 2],
    ['a\u200bb', 2],
    ['…', 1],
  ])('%s takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  it('is told up to what matters alone', () => {
    expect(widthOf('温'.repeat(10_000_000), 80)).toBe(80)
  })

  it.each([
    ['lamp', 4, 'lamp'],
    ['lamps', 4, 'lam…'],
    ['温度計', 6, '温度計'],
    ['温度計', 5, '温度…'],
    ['温度計', 4, '温…'],
    ['👩‍🔧👩‍🔧', 3, '👩‍🔧…'],
    ['ku\u0308che', 3, 'ku\u0308…'],
    ['lamp', 1, '…'],
    ['lamp', 0, ''],
  ])('%s in %i columns is %s', (text, most, cut) => {
    expect(cutTo(text, most)).toBe(cut)
  })
})

describe('a table', () => {
  const rows = [
    { client: '温度計'.repeat(20), topic: 'a/b', bytes: 12_345 },
    { client: 'lamp', topic: `house/${'kitchen/'.repeat(20)}`, bytes: 7 },
  ]
  const names = ['client', 'topic', 'bytes']

  it('is whole where nobody says how wide it may be', () => {
    expect(tableOf(rows, names)).toBe(
      [
        `client${' '.repeat(114)}  topic${' '.repeat(161)}  bytes`,
        `${rows[0].client}  a/b${' '.repeat(163)}  12345`,
        `lamp${' '.repeat(116)}  ${rows[1].topic}      7`,
        '',
      ].join('\n'),
    )
  })

  it('is cut to the terminal, by the columns that letters take, and never in its figures', () => {
    expect(tableOf(rows, names, 40)).toBe(
      [
        'client           topic            bytes',
        '温度計温度計温…  a/b              12345',
        'lamp             house/kitchen/…      7',
        '',
      ].join('\n'),
    )
  })

  it('leaves narrow columns whole, and the room to the wide ones', () => {
    const text = tableOf([{ id: 'x', topic: 'y'.repeat(99) }], ['id', 'topic'], 20)
    expect(text).toBe(`id  topic\nx   ${'y'.repeat(15)}…\n`)
  })

  it('takes no name of digits for a figure', () => {
    const text = tableOf([{ id: '1'.repeat(99), bytes: 5 }], ['id', 'bytes'], 20)
    expect(text).toBe(`id             bytes\n${'1'.repeat(12)}…      5\n`)
  })

  it('is as it was where it fits', () => {
    const narrow = [{ id: 'x', bytes: 1 }]
    expect(tableOf(narrow, ['id', 'bytes'], 9)).toBe(tableOf(narrow, ['id', 'bytes']))
  })

  it.each([1, 2, 5, 12, 17, 33, 79])('has no line wider than %i columns', (most) => {
    for (const line of tableOf(rows, names, most).split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(most)
  })

  it('lets one long name lengthen no other line', () => {
    const long = { id: 'x'.repeat(65_535), topic: 'a' }
    const lines = tableOf([long, { id: 'y', topic: 'b' }], ['id', 'topic']).split('\n')
    expect(lines.map(({ length }) => length)).toEqual([263, 65_538, 259, 0])
  })
})
