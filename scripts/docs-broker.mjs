// What only the broker's README has: the flags of its command, its own options, and those of its listeners.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defaultOf, kindOf, optionsTable, rangeOf, table } from './docs-tables.mjs'
import { root } from './workspace.mjs'

/** @typedef {import('../packages/core/src/index.ts').OptionSpec} OptionSpec */
/** @typedef {Readonly<Record<string, OptionSpec>>} Rows */

/**
 * The sections that are printed from the built broker.
 * @param {typeof import('../packages/broker/src/index.ts')} broker
 * @returns {Promise<Record<string, () => string>>}
 */
export async function brokerSections({ ATTACH_OPTIONS, BROKER_OPTIONS, LISTENER_OPTIONS }) {
  const cli = pathToFileURL(join(root, 'packages/broker/dist/cli-options.js')).href
  /** @type {typeof import('../packages/broker/src/cli-options.ts')} */
  const { helpText } = await import(cli)
  return {
    flags: () => `\`\`\`text\n${helpText().trimEnd()}\n\`\`\``,
    'broker-options': () => optionsTable([{ name: 'BROKER_OPTIONS', rows: BROKER_OPTIONS }]),
    attach: () => optionsTable([{ name: 'ATTACH_OPTIONS', rows: ATTACH_OPTIONS }]),
    listeners: () => listenersTable(LISTENER_OPTIONS),
    configuration: configurationText,
  }
}

/** The configuration that examples/configurations.test.ts starts. */
export function configurationText() {
  const text = readFileSync(join(root, 'examples/broker.yaml'), 'utf8')
  return `\`\`\`yaml\n${text.trimEnd()}\n\`\`\``
}

/**
 * The JSON Schema of configuration files, from the tables of all packages.
 * @param {typeof import('../packages/broker/src/index.ts')} broker
 * @param {import('./docs-packages.mjs').Described[]} packages
 */
export async function configSchemaText({ LISTENER_OPTIONS, STACK_OPTIONS }, packages) {
  const built = pathToFileURL(join(root, 'packages/broker/dist/config/make-schema.js')).href
  /** @type {typeof import('../packages/broker/src/config/make-schema.ts')} */
  const { makeSchema } = await import(built)
  const rows = packages.map(({ folder, tables }) => [
    folder,
    Object.assign({}, ...tables.map(({ rows }) => rows)),
  ])
  const tables = { listeners: LISTENER_OPTIONS, stack: STACK_OPTIONS, packages: Object.fromEntries(rows) }
  return `${JSON.stringify(makeSchema(tables), null, 2)}\n`
}

/**
 * One row for an option, with the transports that have it and what differs between them.
 * @param {Readonly<Record<string, Rows>>} tables
 */
function listenersTable(tables) {
  const keys = new Set(Object.values(tables).flatMap((rows) => Object.keys(rows)))
  keys.delete('transport')
  const rows = [...keys].flatMap((key) => {
    const having = Object.entries(tables).filter(([, rows]) => key in rows)
    const docs = [...new Set(having.map(([, rows]) => rows[key].doc))]
    return docs.map((doc) => {
      const same = having.filter(([, rows]) => rows[key].doc === doc)
      const defaults = [...new Set(same.map(([, rows]) => plain(key, defaultOf(rows[key]))))].join(', ')
      const [, first] = same[0]
      const transports = same.map(([transport]) => transport).join(', ')
      return [`\`${key}\``, transports, kindOf(first[key]), defaults, plain(key, rangeOf(first[key])), doc]
    })
  })
  return table(['option', 'transport', 'kind', 'default', 'range', 'what it is'], rows)
}

/**
 * A port is no quantity.
 * @param {string} key
 * @param {string} text
 */
function plain(key, text) {
  return key === 'port' ? text.replaceAll(',', '') : text
}
