// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a configuration look so
/** Files that somebody has broken: each is read, or refused with lines, and nothing else happens. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { translate } from '../mosquitto/translate.ts'
import { readText } from './load-config.ts'
import { ConfigError } from './problem.ts'

const EXAMPLE = readFileSync(new URL('../../../../examples/broker.yaml', import.meta.url), 'utf8')
/** What has a meaning in YAML, or here. */
const PIECES = [
  '*a',
  '&a ',
  '!!binary ',
  '${A}',
  '$${',
  '{',
  '}',
  '[',
  ']',
  '- ',
  '? ',
  ': ',
  '|',
  '>',
  "'",
  '"',
  '#',
  '\t',
  '\n',
  '\r',
  '<<: ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '\0',
  '\ufeff',
  '\u2028',
  '__proto__: ',
  'null',
  '~',
  '1e999',
  '.nan',
  '0x1',
  'constructor: ',
  '{ file: /dev/null }',
]
const RUNS = { numRuns: 400, seed: 11 }

/** Cuts out, doubles, or puts something in. */
const broken = fc
  .array(fc.tuple(fc.nat(EXAMPLE.length), fc.nat(40), fc.constantFrom('cut', 'double', ...PIECES)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((changes) =>
    changes.reduce((text, [at, length, what]) => {
      const [before, part, rest] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)]
      if (what === 'cut') return before + rest
      return what === 'double' ? before + part + part + rest : before + what + part + rest
    }, EXAMPLE),
  )

test('a configuration', async () => {
  await fc.assert(
    fc.asyncProperty(broken, async (text) => {
      const error = await readText('/etc/broker.yaml', text, { A: 'x' }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) return
      expect(error).toBeInstanceOf(ConfigError)
      for (const { where, message } of (error as ConfigError).problems) {
        expect(where).toMatch(/^broker\.yaml:\d+:\d+$/)
        expect(message).not.toContain('\n')
      }
    }),
    RUNS,
  )
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('a configuration of Mosquitto', () => {
  const words = fc.constantFrom(
    'listener',
    'port',
    'cafile',
    'certfile',
    'protocol',
    'max_keepalive',
    'allow_anonymous',
    'acl_file',
    'constructor',
    '__proto__',
    'bridge_x',
  )
  const line = fc
    .tuple(words, fc.constantFrom('', ' 1', ' -1', ' x y', ' [', ' true', ' websockets', ' \0'))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const { yaml, notes } = translate('mosquitto.conf', lines.join('\n'), new Set(['cert', 'ca']))
      expect(yaml).not.toMatch(/NaN|undefined/)
      expect(yaml).toContain('auth:')
      for (const note of notes) expect(note.line).toBeLessThanOrEqual(lines.length)
    }),
    RUNS,
  )
})
