import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import type { Described } from './docs-packages.mjs'
import type { CallbackDoc } from './docs-tables.mjs'
import { anchor, numberOf, optionsTable, partsTable, table } from './docs-tables.mjs'
import { dependentOptions, notBuilt, wordProblems } from './docs-words.mjs'

const shapes = { ctx: { fields: [], item: undefined }, store: { fields: [], item: undefined } }
const rules: Record<string, CallbackDoc> = {
  closeClient: { merge: 'all', by: 'anyone', answered: 'connection', doc: 'Ends a connection.', ...shapes },
  openSession: { merge: 'one', by: 'session-manager', answered: 'backend', doc: 'Opens.', ...shapes },
}

/** A package as the generator describes it. */
function described(
  folder: string,
  role: 'middleware' | 'backend',
  ...middlewares: MiddlewareLike[]
): Described {
  const manifest = { name: `@mqtt-stack/${folder}`, version: '0.1.0', description: 'A package.' }
  return { folder, dir: folder, role, manifest, tables: [], middlewares }
}

const manager = described('session-manager', 'middleware', {
  name: 'SessionManager',
  handles: ['connect'],
  requires: ['openSession'],
  handle() {},
})
const backend = described('memory-backend', 'backend', { name: 'MemoryBackend', openSession() {} })
const connection = described('connection', 'middleware', { name: 'Connection', closeClient() {} })

describe('tables of the documentation', () => {
  it('say what an option is', () => {
    const rows = {
      size: { kind: 'number', default: 2_097_152, min: 1, unit: 'bytes', doc: 'Size.' },
      name: { kind: 'string', doc: 'Name.' },
      mode: { kind: 'string', default: 'a', choices: ['a', 'b'], doc: 'Mode.' },
    } as const
    expect(
      optionsTable([{ name: 'MY_OPTIONS', rows }])
        .split('\n')
        .slice(2),
    ).toEqual([
      '| `size` | number | 2 MiB | from 1 bytes | Size. |',
      '| `name` | string | required |  | Name. |',
      '| `mode` | `"a"`, `"b"` | `\'a\'` |  | Mode. |',
    ])
    expect(optionsTable([])).toBe('None.')
  })

  it('say what a package handles, answers and executes', () => {
    expect(partsTable(manager, rules)).toContain('Handles `connect`.')
    expect(partsTable(manager, rules)).toContain('| executes; somebody must answer | Opens. |')
    expect(partsTable(connection, rules)).toContain('| answers | Ends a connection. |')
  })

  it('escape what a cell may not hold, and name titles as GitHub does', () => {
    expect(table(['type'], [['a | b']])).toContain('| a \\| b |')
    expect(anchor('The default order')).toBe('the-default-order')
    expect(numberOf(10_000, 'ms')).toBe('10,000 ms')
  })
})

describe('words of the callback table', () => {
  it('name the built-ins that act, and no others', () => {
    expect(wordProblems(rules, [manager, backend, connection])).toEqual([])
    const stranger = described('lastwill', 'middleware', { name: 'LastWill', openSession() {} })
    expect(wordProblems(rules, [manager, backend, connection, stranger])).toHaveLength(1)
    const idle = described('connection', 'middleware', { name: 'Connection', install() {} })
    expect(wordProblems(rules, [manager, backend, idle])).toHaveLength(1)
  })

  it('say who executes and who answers each callback, in a sentence', () => {
    const unsaid = {
      ...rules,
      closeClient: { ...shapes, merge: 'all', by: '', answered: '', doc: 'Ends' },
    } as const
    expect(wordProblems(unsaid, [manager, backend])).toEqual([
      '"closeClient" lacks a sentence, @executedBy or @answeredBy in packages/core/src/contract/callbacks',
    ])
  })

  it('may promise what nobody executes yet', () => {
    const idle = described('session-manager', 'middleware', { name: 'SessionManager', handle() {} })
    expect(notBuilt(rules, [idle, connection])).toEqual(new Set(['openSession']))
    expect(wordProblems(rules, [idle, connection])).toEqual([])
  })
})

describe('documentation of options', () => {
  it('reads alone', () => {
    const rows = {
      queue: { kind: 'number', doc: 'Messages that may wait.' },
      queueBytes: { kind: 'number', doc: 'And how many bytes of them.' },
    } as const
    const wordy = { ...manager, tables: [{ name: 'MY_OPTIONS', rows }] }
    expect(dependentOptions([wordy])).toEqual([
      'packages/session-manager: MY_OPTIONS.queueBytes does not read alone: "And how many bytes of them."',
    ])
  })
})
