/** Packages that a configuration names, and that are not there or are not what was meant. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Load } from './load-section.ts'
import { makeSection, makeUse } from './load-section.ts'
import { ACL } from './sections.ts'

const missing: Load = async (name) => {
  const error = new Error(`Cannot find package '${name}' imported from here`)
  throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' })
}
const exporting =
  (exported: Readonly<Record<string, unknown>>): Load =>
  async () =>
    exported

describe('a section', () => {
  test('says which package to install', async () => {
    await expect(makeSection(ACL, {}, missing)).rejects.toThrow(
      'needs @mqtt-stack/acl, which is not installed: npm install @mqtt-stack/acl',
    )
  })

  test('says why a package that is there cannot be loaded', async () => {
    const load: Load = async () => {
      throw new Error('a native module is for another platform')
    }
    await expect(makeSection(ACL, {}, load)).rejects.toThrow(
      'needs @mqtt-stack/acl, which cannot be loaded here: a native module is for another platform',
    )
  })
})

describe('a middleware of another package', () => {
  class Mine {
    readonly name = 'Mine'
    readonly options: unknown
    constructor(options: unknown) {
      this.options = options
    }
  }
  const made = { name: 'Made' }
  const use = (exported: Readonly<Record<string, unknown>>, more: object = {}): Promise<unknown> =>
    makeUse({ package: '@acme/mine', ...more }, 'broker.yaml', exporting(exported))

  test('is its only class, its default, what "export" names, or what a function makes', async () => {
    const options = { a: 1 }
    expect(await use({ Mine, VERSION: 1 }, { options })).toMatchObject({ name: 'Mine', options })
    expect(await use({ default: Mine, Other: class {} })).toBeInstanceOf(Mine)
    expect(await use({ Mine, Other: class {} }, { export: 'Mine' })).toBeInstanceOf(Mine)
    expect(await use({ default: () => made })).toBe(made)
    expect(await use({ default: made })).toBe(made)
  })

  test.each([
    [{}, {}, '@acme/mine exports nothing: say which by "export"'],
    [{ Mine, Other: Mine }, {}, '@acme/mine exports Mine, Other: say which by "export"'],
    [{ Mine }, { export: 'Yours' }, '@acme/mine exports no "Yours" (known: Mine)'],
    [
      { default: () => 7 },
      {},
      '@acme/mine exports no middleware there: one is an object with a name, or what makes it',
    ],
    [{ default: made }, { options: {} }, 'it is made already, and takes no options'],
  ])('%o, %o', async (exported, more, message) => {
    await expect(use(exported, more)).rejects.toThrow(message)
  })

  test('a module that is not there', async () => {
    const from = { package: './none.mjs' }
    await expect(makeUse(from, '/etc/broker.yaml')).rejects.toThrow('./none.mjs is not there')
  })
})

test('who makes a broker in code, and who runs one by flags, loads neither yaml nor a section', () => {
  const src = fileURLToPath(new URL('..', import.meta.url))
  for (const entry of ['index.ts', 'cli.ts']) {
    const outside = [...importedBy(resolve(src, entry))].filter((one) => !one.startsWith(src))
    expect(outside).not.toContain('yaml')
    expect(outside.filter((one) => /acl|auth-|rate-limit|lmdb/.test(one))).toEqual([])
  }
})

/** All that is imported where a file is, directly or not. */
function importedBy(file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, typed, specifier] of text.matchAll(
    /^(?:import|export|\}) ?(type )?[^'"\n]*?(?:from )?'([^']+)'/gm,
  )) {
    if (typed !== undefined) continue
    if (specifier.startsWith('.')) importedBy(resolve(dirname(file), specifier), found)
    else found.add(specifier)
  }
  return found
}
