// The tables of the documentation, from the tables of the code.

/** @typedef {import('./docs-packages.mjs').Described} Described */
/** @typedef {import('./docs-packages.mjs').Table} Table */
/** @typedef {import('./docs-types.mjs').CallbackType} CallbackType */
/** @typedef {import('./docs-types.mjs').Shape} Shape */
/** @typedef {import('../packages/core/src/index.ts').OptionSpec} OptionSpec */
/** @typedef {import('../packages/core/src/index.ts').CallbackRule} CallbackRule */
/** A callback's rule with what its type says.
 * @typedef {CallbackRule & CallbackType} CallbackDoc */
/** @typedef {Readonly<Record<string, CallbackDoc>>} Rules */

/**
 * Options by key, for a README.
 * @param {Table[]} tables
 */
export function optionsTable(tables) {
  const rows = tables.flatMap(({ rows }) => Object.entries(rows))
  if (rows.length === 0) return 'None.'
  return table(
    ['option', 'kind', 'default', 'range', 'what it is'],
    rows.map(([key, row]) => [code(key), kindOf(row), defaultOf(row), rangeOf(row), row.doc]),
  )
}

/**
 * Every number that is a setting, with where it is set.
 * @param {Described[]} packages
 */
export function numbersTable(packages) {
  const seen = new Set()
  const rows = packages.flatMap(({ folder, tables }) =>
    tables.flatMap(({ rows }) =>
      Object.entries(rows)
        .filter(([key, row]) => row.kind === 'number' && key !== 'port' && !seen.has(folder + key))
        .map(([key, row]) => {
          seen.add(folder + key)
          return [link(folder, `../packages/${folder}`), code(key), defaultOf(row), row.doc]
        }),
    ),
  )
  return table(['package', 'option', 'default', 'what it bounds, and what happens then'], rows)
}

/**
 * What a package's middlewares handle, answer and execute.
 * @param {Described} pkg
 * @param {Rules} rules
 */
export function partsTable({ middlewares }, rules) {
  const parts = middlewares.flatMap((middleware) => partsOf(middleware, rules))
  const handled = middlewares.flatMap(handledBy)
  const packets = handled.length > 0 ? `Handles ${handled.map(code).join(', ')}.\n\n` : ''
  if (parts.length === 0) return `${packets}${packets ? 'No' : 'Handles no packet and has no'} callbacks.`
  const rows = parts.map(({ name, part }) => [
    link(code(name), `../../docs/callbacks.md#${anchor(name)}`),
    part,
    rules[name].doc,
  ])
  return packets + table(['callback', 'part', 'what it is'], rows)
}

/**
 * @param {import('./docs-packages.mjs').MiddlewareLike} middleware
 * @returns {readonly string[]}
 */
function handledBy({ handle, handles }) {
  return handle === undefined ? [] : (handles ?? ['every packet'])
}

/**
 * Answers first, in the order of core's table.
 * @param {import('./docs-packages.mjs').MiddlewareLike} middleware
 * @param {Rules} rules
 */
export function partsOf(middleware, rules) {
  const { requires = [], uses = [] } = middleware
  const names = Object.keys(rules)
  const answers = names.filter((name) => typeof (/** @type {any} */ (middleware)[name]) === 'function')
  const executes = names.filter((name) => [...requires, ...uses].some((used) => used === name))
  return [
    ...answers.map((name) => ({ name, part: 'answers' })),
    ...executes.map((name) => ({
      name,
      part: requires.some((used) => used === name) ? 'executes; somebody must answer' : 'executes',
    })),
  ]
}

/**
 * All callbacks with their rules.
 * @param {Rules} rules
 * @param {Set<string>} toCome those that nobody executes yet
 */
export function callbacksTable(rules, toCome) {
  return table(
    ['callback', 'merge', 'executed by', 'answered by', 'what it is'],
    Object.entries(rules).map(([name, { merge, by, answered, doc }]) => [
      link(code(name), `#${anchor(name)}`),
      merge,
      toCome.has(name) ? `*to come:* ${by}` : by,
      answered,
      doc,
    ]),
  )
}

/**
 * Rules and types of the callbacks, each of which has both.
 * @param {Readonly<Record<string, CallbackRule>>} rules
 * @param {Map<string, CallbackType>} types
 * @returns {Rules}
 */
export function documented(rules, types) {
  for (const name of types.keys()) {
    if (!rules[name]) throw new Error(`the callback ${name} is in the type Callbacks and not in CALLBACKS`)
  }
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => {
      const type = types.get(name)
      if (!type) throw new Error(`the callback ${name} is in CALLBACKS and not in the type Callbacks`)
      return [name, { ...rule, ...type }]
    }),
  )
}

/**
 * Context and store of each callback.
 * @param {Rules} rules
 */
export function fieldsSections(rules) {
  return Object.entries(rules)
    .map(([name, { doc, ctx, store }]) => {
      const kept = store.item ? `a list of \`${store.item}\`: push to it` : ''
      const rows = [...fieldRows('`ctx`', ctx), ...fieldRows('`store`', store)]
      const fields = table(['', 'field', 'type', 'what it is'], rows)
      return `### ${name}\n\n${doc}${kept && ` The store is ${kept}.`}\n\n${fields}`
    })
    .join('\n\n')
}

/**
 * @param {string} part
 * @param {Shape} shape
 */
function fieldRows(part, { fields }) {
  return fields.map(({ name, type, optional, doc }) => [
    part,
    code(name + (optional ? '?' : '')),
    code(type),
    doc,
  ])
}

/**
 * The middlewares of a stack, first to last.
 * @param {readonly import('./docs-packages.mjs').MiddlewareLike[]} middlewares
 * @param {Described[]} packages
 * @param {Rules} rules
 */
export function orderTable(middlewares, packages, rules) {
  const homes = new Map(packages.flatMap((pkg) => pkg.middlewares.map(({ name }) => [name, pkg.folder])))
  const rows = middlewares.map((middleware, i) => {
    const { name } = middleware
    const home = homes.get(name)
    const answers = partsOf(middleware, rules).filter(({ part }) => part === 'answers')
    return [
      `${i + 1}`,
      home ? link(name, `../packages/${home}`) : name,
      handledBy(middleware).join(', '),
      answers.map(({ name }) => link(name, `#${anchor(name)}`)).join(', '),
    ]
  })
  return table(['', 'middleware', 'handles', 'answers'], rows)
}

/**
 * Error codes, with who raises them.
 * @param {Readonly<Record<string, string>>} errors
 * @param {(code: string) => string[]} raisedBy
 */
export function errorsTable(errors, raisedBy) {
  return table(
    ['code', 'raised by', 'what it means and what to do'],
    Object.entries(errors).map(([name, doc]) => [code(name), raisedBy(name).join(', '), doc]),
  )
}

/**
 * Events of the log, by subject.
 * @param {Readonly<Record<string, import('../packages/core/src/index.ts').LogTable>>} subjects
 * @param {(row: import('../packages/core/src/index.ts').LogRow) => string[]} fieldsOf
 * @param {(name: string) => string[]} writtenBy
 */
export function eventsTables(subjects, fieldsOf, writtenBy) {
  return Object.entries(subjects)
    .map(([subject, events]) => {
      const rows = Object.entries(events).map(([name, row]) => [
        `${code(name)}<br>${row.level}`,
        code(row.text),
        fieldsOf(row).map(code).join(', '),
        writtenBy(name).join(', '),
        row.about,
        row.act,
      ])
      const head = ['event, level', 'line', 'fields', 'written by', 'what has happened', 'what to do']
      return `### ${subject}\n\n${table(head, rows)}`
    })
    .join('\n\n')
}

/**
 * What the fields of lines mean.
 * @param {Readonly<Record<string, string>>} fields
 */
export function logFieldsTable(fields) {
  return table(
    ['field', 'what it is'],
    Object.entries(fields).map(([name, doc]) => [code(name), doc]),
  )
}

/**
 * Reason codes, with what clients before 5.0 are told.
 * @param {Readonly<Record<string, number>>} codes
 * @param {(reasonCode: number) => number | undefined} returnCodeOf
 */
export function reasonCodesTable(codes, returnCodeOf) {
  return table(
    ['reason', 'code', 'CONNACK of 3.1 and 3.1.1'],
    Object.entries(codes).map(([name, value]) => [
      code(name),
      `0x${value.toString(16).padStart(2, '0')}`,
      String(returnCodeOf(value) ?? ''),
    ]),
  )
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** @param {string} text */
function code(text) {
  return text === '' ? '' : `\`${text}\``
}

/**
 * @param {string} text
 * @param {string} to
 */
function link(text, to) {
  return `[${text}](${to})`
}

/**
 * The anchor of a title, as GitHub makes it.
 * @param {string} title
 */
export function anchor(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** @param {OptionSpec} row */
export function kindOf({ kind, choices }) {
  if (choices) return choices.map((choice) => code(JSON.stringify(choice))).join(', ')
  return kind
}

/** @param {OptionSpec} row */
export function defaultOf({ default: value, optional, unit }) {
  if (value === undefined) return optional ? '' : 'required'
  if (value === console) return code('console')
  if (typeof value === 'number') return numberOf(value, unit)
  return code(JSON.stringify(value).replaceAll('"', "'"))
}

/** @param {OptionSpec} row */
export function rangeOf({ kind, choices, min = 0, max, unit }) {
  if (kind !== 'number' || choices) return ''
  return max === undefined
    ? `from ${numberOf(min, unit)}`
    : `${numberOf(min, unit)} to ${numberOf(max, unit)}`
}

/**
 * A number with its unit.
 * @param {number} value
 * @param {string} [unit]
 */
export function numberOf(value, unit) {
  if (unit === 'bytes' && value > 0 && value % 1_048_576 === 0) return `${value / 1_048_576} MiB`
  if (unit === 'bytes' && value > 0 && value % 1_024 === 0) return `${value / 1_024} KiB`
  return unit ? `${value.toLocaleString('en')} ${unit}` : value.toLocaleString('en')
}
