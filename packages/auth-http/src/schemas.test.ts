import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { JsonSchema } from './json-schema.ts'
import { problemOf } from './json-schema.ts'
import * as schemas from './schemas.ts'

const all = Object.values(schemas).filter((one): one is JsonSchema => typeof one === 'object')

describe('the schemas', () => {
  test.each(all.map((schema) => [schema.$id?.split('/').at(-1) ?? '', schema] as const))(
    '%s is what the file of that name says',
    (name, schema) => {
      const text = readFileSync(new URL(`./schemas/${name}`, import.meta.url), 'utf8')
      expect(JSON.parse(text)).toEqual(schema)
    },
  )

  test('there are four', () => {
    expect(all).toHaveLength(4)
  })
})

describe('a value is held against a schema', () => {
  test.each<[string, unknown, JsonSchema, string | undefined]>([
    ['an object', {}, { type: 'object' }, undefined],
    ['null is none', null, { type: 'object' }, 'it must be an object'],
    ['nor is a list', [], { type: 'object' }, 'it must be an object'],
    ['a list', {}, { type: 'array' }, 'it must be a list'],
    ['a number', '1', { type: 'number' }, 'it must be a number'],
    ['a whole number', 1.5, { type: 'integer' }, 'it must be a whole number'],
    ['a boolean', 0, { type: 'boolean' }, 'it must be true or false'],
    ['the least', -1, { type: 'number', minimum: 0 }, 'it must be at least 0'],
    ['too many items', [1, 2], { type: 'array', maxItems: 1 }, 'it must have at most 1 items'],
    ['characters, not units', '😀😀', { type: 'string', maxLength: 2 }, undefined],
    ['too many of them', '😀😀😀', { type: 'string', maxLength: 2 }, 'it must have at most 2 characters'],
    ['too few of them', '😀', { type: 'string', minLength: 2 }, 'it must have at least 2 characters'],
    [
      'what is inherited is not there',
      {},
      { type: 'object', required: ['toString'] },
      '"toString" is missing',
    ],
    [
      'nor known',
      JSON.parse('{"__proto__":1}'),
      { type: 'object', additionalProperties: false, properties: { a: {} } },
      '"__proto__" is not known (known: a)',
    ],
    [
      'within',
      { a: [{ b: 1 }] },
      {
        type: 'object',
        properties: {
          a: { type: 'array', items: { type: 'object', properties: { b: { type: 'string' } } } },
        },
      },
      '"a[0].b" must be a string',
    ],
  ])('%s', (_what, value, schema, problem) => {
    expect(problemOf(value, schema)).toBe(problem)
  })
})
