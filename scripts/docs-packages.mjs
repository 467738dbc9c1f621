// What the built packages say of themselves: their options tables, and what their middlewares answer and execute.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readPackages } from './workspace.mjs'

/** @typedef {import('../packages/core/src/index.ts').OptionSpec} OptionSpec */
/** @typedef {import('../packages/core/src/index.ts').MiddlewareLike} MiddlewareLike */
/** @typedef {{ name: string, rows: Readonly<Record<string, OptionSpec>> }} Table */
/** @typedef {import('./workspace.mjs').Package & { tables: Table[], middlewares: MiddlewareLike[] }} Described */

/**
 * Core as it was built.
 * @returns {Promise<typeof import('../packages/core/src/index.ts')>}
 */
export function loadCore() {
  return load(join('packages', 'core'))
}

/**
 * The broker as it was built.
 * @returns {Promise<typeof import('../packages/broker/src/index.ts')>}
 */
export function loadBroker() {
  return load(join('packages', 'broker'))
}

/**
 * Every package that runs in a broker, with its tables of options and its middlewares, made with their defaults.
 * @returns {Promise<Described[]>}
 */
export async function describePackages() {
  const { Middleware } = await loadCore()
  const running = readPackages().filter(({ role }) => role !== 'tool' && role !== 'private')
  return Promise.all(
    running.map(async (pkg) => {
      const exported = Object.entries(await load(pkg.dir))
      // The broker exports what the others do.
      const own =
        pkg.role === 'broker' ? exported.filter(([name]) => /^(BROKER|LISTENER)_/.test(name)) : exported
      const tables = own
        .filter(([name]) => name.endsWith('_OPTIONS'))
        .flatMap(([name, value]) => tablesOf(name, value))
      const options = requiredOf(tables)
      return {
        ...pkg,
        tables,
        middlewares: own
          .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Middleware)
          .map(([, value]) => new value(options)),
      }
    }),
  )
}

/**
 * A table of options; `LISTENER_OPTIONS` is one for each transport.
 * @param {string} name
 * @param {any} value
 * @returns {Table[]}
 */
function tablesOf(name, value) {
  const isTable = Object.values(value).every((row) => typeof row.kind === 'string')
  if (isTable) return [{ name, rows: value }]
  return Object.entries(value).map(([key, rows]) => ({ name: `${name}.${key}`, rows }))
}

/**
 * Something for each option that must be given, so that a middleware can be made.
 * @param {Table[]} tables
 */
function requiredOf(tables) {
  const rows = tables.flatMap((table) => Object.entries(table.rows))
  const needed = rows.filter(
    ([, row]) => row.example !== undefined || (row.default === undefined && row.optional !== true),
  )
  const given = needed.map(([name, { example = 'given' }]) => [name, example])
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/**
 * @param {string} dir
 * @returns {Promise<any>}
 */
async function load(dir) {
  const entry = join(dir, 'dist/index.js')
  if (!existsSync(entry)) throw new Error(`${entry}: not built yet; run \`npm run build\``)
  return import(pathToFileURL(entry).href)
}
