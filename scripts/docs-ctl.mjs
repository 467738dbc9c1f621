// What the command does for operators, as docs/admin.md has it.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { table } from './docs-tables.mjs'
import { root } from './workspace.mjs'

/** @typedef {import('../packages/broker/src/commands/command-line.ts').CommandLineShape} CommandLineShape */

/** Commands of their own that ctl has not. */
const OWN = ['top']

/** A row for each command, and one for each flag that all of them have. */
export async function ctlSection() {
  const { COMMANDS } = /** @type {typeof import('../packages/broker/src/commands/index.ts')} */ (
    await built('commands/index.js')
  )
  const { ADMIN_FLAGS, ADMIN_WANTS } =
    /** @type {typeof import('../packages/broker/src/commands/ctl/admin-client.ts')} */ (
      await built('commands/ctl/admin-client.js')
    )
  const deeds = await COMMANDS.ctl.lines()
  const own = (await Promise.all(OWN.map((name) => COMMANDS[name].lines()))).flat()
  return [
    commandsTable([...deeds, ...own], new Set(Object.keys(ADMIN_FLAGS))),
    'Each of them takes these flags too:',
    table(
      ['flag', 'what it is'],
      Object.entries(ADMIN_FLAGS).map(([name, row]) => [flagOf(name, row, ADMIN_WANTS), docOf(row)]),
    ),
  ].join('\n\n')
}

/**
 * @param {readonly CommandLineShape[]} lines
 * @param {ReadonlySet<string>} shared flags that are told once for all
 */
export function commandsTable(lines, shared) {
  return table(
    ['`mqtt-stack`', 'what it does', 'flags'],
    lines.map(({ name, operands, doc, flags, wants = {} }) => {
      const own = Object.entries(flags).filter(([flag]) => !shared.has(flag))
      const told = own.map(([flag, row]) => `${flagOf(flag, row, wants)} ${docOf(row)}`)
      return [`\`${[name, ...operands].join(' ')}\``, doc, told.join('<br>')]
    }),
  )
}

/**
 * @param {string} name
 * @param {import('../packages/core/src/index.ts').OptionSpec} row
 * @param {Readonly<Record<string, string | undefined>>} wants
 */
function flagOf(name, { kind }, wants) {
  return kind === 'boolean' ? `\`--${name}\`` : `\`--${name} <${wants[name] ?? 'value'}>\``
}

/** @param {import('../packages/core/src/index.ts').OptionSpec} row */
function docOf({ doc, default: usual }) {
  const none = usual === undefined || usual === '' || usual === false || usual === 0
  return none ? doc : `${doc} (default ${usual})`
}

/** @param {string} path */
function built(path) {
  return import(pathToFileURL(join(root, 'packages/broker/dist', path)).href)
}
