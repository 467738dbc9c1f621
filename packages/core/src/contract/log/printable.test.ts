import { expect, test } from 'vitest'
import { printableLogger } from './logger.ts'
import { printable } from './printable.ts'

type Line = [level: string, message: string, detail?: unknown]

function recorded(): { lines: Line[]; log: ReturnType<typeof printableLogger> } {
  const lines: Line[] = []
  const at =
    (level: string) =>
    (message: string, detail?: unknown): void => {
      lines.push(detail === undefined ? [level, message] : [level, message, detail])
    }
  const log = printableLogger({ error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') })
  return { lines, log }
}

const FORGED = 'a\n{"level":30}\u001b[2J\u009b\u202e\u2028b'
const SHOWN = 'a\\u000a{"level":30}\\u001b[2J\\u009b\\u202e\\u2028b'

test('what moves a cursor, ends a line or turns the writing is shown, not done', () => {
  expect(printable(FORGED)).toBe(SHOWN)
  expect(printable(SHOWN)).toBe(SHOWN)
  expect(printable('Zähler/räum 🌡')).toBe('Zähler/räum 🌡')
})

test('so in messages and fields, which are cut where they are long', () => {
  const { lines, log } = recorded()
  log.info(FORGED, { clientId: FORGED, count: 2, username: undefined, topic: 'x'.repeat(65_535) })
  log.warn('plain')
  expect(lines).toEqual([
    ['info', SHOWN, { clientId: SHOWN, count: 2, topic: `${'x'.repeat(256)}…` }],
    ['warn', 'plain'],
  ])
})

test('so in errors and what caused them; one that is printable stays what it is', () => {
  const { lines, log } = recorded()
  const fine = new Error('fine', { cause: new Error('too') })
  log.error('a', fine)
  log.error('b', Object.assign(new TypeError(FORGED), { code: 'X' }))
  log.error('c', new Error('fine', { cause: new Error(FORGED) }))
  expect(lines[0][2]).toBe(fine)
  const forged = lines[1][2] as Error & { code: string }
  expect([forged.name, forged.message, forged.code]).toEqual(['TypeError', SHOWN, 'X'])
  expect(forged.stack).toContain(SHOWN)
  expect(forged.stack).not.toContain('\u001b')
  expect(((lines[2][2] as Error).cause as Error).message).toBe(SHOWN)
})
