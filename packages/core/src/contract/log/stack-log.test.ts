import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Log } from './log.ts'
import { LOG_EVENTS } from './log-events.ts'
import type { Logger } from './logger.ts'
import { createLog } from './stack-log.ts'

function setUp(level?: 'debug' | 'warn') {
  const [clock, logger] = [new VirtualClock(), new RecordingLogger()]
  return { clock, logger, log: createLog(logger, clock, level === undefined ? {} : { level }) }
}

/** Nothing but the four methods, as `console` is. */
function plain(): { logger: Logger; lines: unknown[][] } {
  const lines: unknown[][] = []
  const at =
    (level: string): Logger['error'] =>
    (...line) =>
      void lines.push([level, ...line])
  return { lines, logger: { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') } }
}

describe('the line of an event', () => {
  test('has its name, its words and its fields; those that are not known are left out', () => {
    const { log, logger } = setUp()
    log.event('acl.reloaded', { file: 'rules.yaml' })
    log.event('client.refused', { clientId: 'one', remote: undefined, reasonCode: 0x87, cause: 'why' })
    expect(logger.lines).toEqual([
      {
        level: 'info',
        message: 'acl: rules.yaml was read again',
        cause: { event: 'acl.reloaded', file: 'rules.yaml' },
      },
      {
        level: 'info',
        message: 'client refused',
        cause: { event: 'client.refused', clientId: 'one', reasonCode: 0x87, cause: 'why' },
      },
    ])
  })

  test('has the error that it is about as `err`, with its stack trace', () => {
    const { log, logger } = setUp()
    const error = new Error('disk full')
    log.event('store.failed', { cause: 'disk full' }, error)
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: 'disk full; QoS 1 and 2 are refused until it can',
        cause: { event: 'store.failed', cause: 'disk full', err: error },
      },
    ])
  })

  test('can be forged by no value, nor grow with one', () => {
    const { log, logger } = setUp()
    log.event('acl.failed', { cause: 'a\n{"level":30}\u001b[2J' })
    log.event('acl.failed', { cause: 'x'.repeat(65_535) })
    expect(logger.errors[0]).toBe('a\\u000a{"level":30}\\u001b[2J; the rules stay as they were')
    expect(logger.errors[1].length).toBeLessThan(2_100)
    expect(logger.events('acl.failed')[1].cause).toBe(`${'x'.repeat(256)}…`)
  })

  test('does not take a value for a place of another field', () => {
    const { log, logger } = setUp()
    log.event('users.reloaded', { owner: '{path} $1 $&', path: 'users' })
    expect(logger.lines[0].message).toBe('{path} $1 $&: users was changed and is in force')
  })

  test('is made of nothing where its level is off', () => {
    const { log, logger } = setUp()
    const fields = (): never => {
      throw new Error('fields were made')
    }
    log.event('client.subscribed', fields)
    log.level = 'error'
    log.event('client.refused', fields)
    expect(logger.lines).toEqual([])
  })

  test('that no table has is an error that says so', () => {
    const { log } = setUp()
    const stranger = log as Log<Record<string, never>>
    expect(() => stranger.event('client.unheard-of', {} as never)).toThrow(
      'log: there is no event "client.unheard-of": name one of the table',
    )
    expect(() => stranger.event('toString', {} as never)).toThrow('there is no event "toString"')
  })
})

describe('the level', () => {
  test('may change at any time, and is the logger’s where that has one', () => {
    const { log, logger } = setUp()
    const told: string[] = []
    const ignore = log.onLevel((level) => told.push(level))
    log.level = 'debug'
    log.debug('one')
    expect([logger.level, log.writes('debug')]).toEqual(['debug', true])
    logger.level = 'warn'
    log.info('two')
    ignore()
    log.level = 'info'
    expect([log.level, told, logger.lines.map(({ message }) => message)]).toEqual([
      'info',
      ['debug'],
      ['one'],
    ])
  })

  test('is info with a logger that has none, such as console', () => {
    const { logger, lines } = plain()
    const log: Log = createLog(logger, new VirtualClock())
    log.debug('no')
    log.info('yes')
    log.level = 'debug'
    log.debug('now', { clientId: 'one' })
    expect(lines).toEqual([
      ['info', 'yes'],
      ['debug', 'now', { clientId: 'one' }],
    ])
    expect(createLog(console, new VirtualClock()).level).toBe('info')
  })

  test.each([
    ['trace', 'debug'],
    ['silent', 'error'],
    ['of my own', 'info'],
  ])('%s of another logger is %s here', (own, level) => {
    const log = createLog(Object.assign(plain().logger, { level: own }), new VirtualClock())
    expect(log.level).toBe(level)
  })

  test('that is none is an error that names those that are', () => {
    expect(() => {
      setUp().log.level = 'loud' as 'info'
    }).toThrow('log: "loud" is no level (known: error, warn, info, debug)')
  })
})

test('the format is the logger’s; one that has none is not told any', () => {
  const format = Object.assign(plain().logger, { format: 'lines' as const })
  const log = createLog(format, new VirtualClock())
  log.format = 'json'
  expect([log.format, format.format]).toEqual(['json', 'json'])
  const other = createLog(plain().logger, new VirtualClock())
  expect(other.format).toBeUndefined()
  expect(() => {
    other.format = 'json'
  }).toThrow(
    'log: the logger (option "logger"; console without it) has no format that can be set: choose it where that is made; createBroker({ log: { format } }) makes one that has it',
  )
  // A logger may be anybody's: it is not asked to take what nobody knows.
  for (const one of [log, other])
    expect(() => {
      one.format = 'xml' as 'json'
    }).toThrow('log: "xml" is no format (known: lines, json)')
  expect(log.format).toBe('json')
})

describe('a flood', () => {
  test('of one event is a hundred lines at once and ten a second after it; the rest is counted', async () => {
    const { log, logger, clock } = setUp()
    for (let i = 0; i < 100_000; i++) log.event('client.refused', { clientId: `c${i}` })
    expect(logger.lines).toHaveLength(100)
    await clock.advance(1_000)
    expect(logger.lines.slice(100)).toEqual([
      {
        level: 'info',
        message: '99900 more lines of client.refused were left out',
        cause: { event: 'log.limited', limited: 'client.refused', count: 99_900 },
      },
    ])
    for (let i = 0; i < 50; i++) log.event('client.refused', {})
    expect(logger.lines).toHaveLength(111)
    log.flush()
    expect(logger.events('log.limited').map(({ count }) => count)).toEqual([99_900, 40])
    expect(clock.timers).toBe(0)
  })

  test('of one event holds back no other', () => {
    const { log, logger } = setUp()
    for (let i = 0; i < 1_000; i++) log.event('client.refused', {})
    log.event('store.recovered', {})
    expect(logger.lines.at(-1)?.message).toBe('the store commits again')
  })

  test('is told at the level of its event, and leaves no timer where there is none', async () => {
    const { log, logger, clock } = setUp()
    log.event('acl.failed', { cause: 'x' })
    expect(clock.timers).toBe(0)
    for (let i = 0; i < 100; i++) log.event('acl.failed', { cause: 'x' })
    await clock.advance(1_000)
    expect([logger.errors.at(-1), clock.timers]).toEqual(['1 more lines of acl.failed were left out', 0])
  })

  test('of debug may be a hundred times as large', () => {
    const { log, logger } = setUp('debug')
    for (let i = 0; i < 20_000; i++) log.event('client.unsubscribed', { clientId: 'one', topic: 'a' })
    expect(logger.lines).toHaveLength(10_000)
  })
})

describe('events of a stranger', () => {
  const EVENTS = {
    'greeter.greeted': {
      level: 'info',
      text: '{who} was greeted',
      fields: 'how',
      about: 'A.',
      act: 'Nothing.',
    },
  } as const

  test('are written by the same log', () => {
    const { log, logger } = setUp()
    const own = log.with(EVENTS)
    own.event('greeter.greeted', { who: 'joe', how: 'loudly' })
    log.level = 'error'
    own.event('greeter.greeted', { who: 'ann' })
    expect([own.level, logger.lines]).toEqual([
      'error',
      [
        {
          level: 'info',
          message: 'joe was greeted',
          cause: { event: 'greeter.greeted', who: 'joe', how: 'loudly' },
        },
      ],
    ])
  })

  const row = EVENTS['greeter.greeted']
  test.each<[string, object, string]>([
    [
      'a name that is none',
      { Greeted: row },
      'log: "Greeted" is no name: write it as client.refused is written',
    ],
    [
      'a name of core',
      { 'client.refused': row },
      'log: "client.refused" is a name of core: choose another one',
    ],
    [
      'no level',
      { 'a.b': { ...row, level: 'loud' } },
      'log: "a.b" has no level or no text: give it a level (error, warn, info, debug) and a text',
    ],
    [
      'a field that each line has',
      { 'a.b': { ...row, text: '{event}' } },
      'log: "a.b" has a field "event" or "err": these are those of every line: choose another name',
    ],
  ])('are refused with %s', (_what, events, message) => {
    expect(() => setUp().log.with(events as typeof EVENTS)).toThrow(message)
  })
})

test('every row has words, a meaning and what to do; the names are of one form', () => {
  for (const [name, row] of Object.entries(LOG_EVENTS)) {
    expect(name).toMatch(/^[a-z-]+\.[a-z-]+$/)
    expect([name, row.about.endsWith('.'), row.act.endsWith('.')]).toEqual([name, true, true])
    expect(row.text).not.toMatch(/\n/)
  }
})
