// Writes (--write) and checks what the documentation takes from the code: callbacks, errors, options, the default order.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { routeSections } from './docs-admin.mjs'
import { brokerSections, configSchemaText, configurationText } from './docs-broker.mjs'
import {
  idleCodes,
  idleEvents,
  linkProblems,
  namelessLines,
  raisers,
  unknownFields,
  writers,
} from './docs-checks.mjs'
import { constantsTable } from './docs-constants.mjs'
import { ctlSection } from './docs-ctl.mjs'
import { describePackages, loadBroker, loadCore } from './docs-packages.mjs'
import { costsTable, nodesTable, storeTable } from './docs-scaling.mjs'
import {
  callbacksTable,
  documented,
  errorsTable,
  eventsTables,
  fieldsSections,
  logFieldsTable,
  numbersTable,
  optionsTable,
  orderTable,
  partsTable,
  reasonCodesTable,
} from './docs-tables.mjs'
import { callbackTypes } from './docs-types.mjs'
import { dependentOptions, notBuilt, wordProblems } from './docs-words.mjs'
import { section } from './package-texts.mjs'
import { root } from './workspace.mjs'

const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
const core = await loadCore()
const { CALLBACKS, ERRORS, LOG_EVENTS, LOG_FIELDS, LOG_SUBJECTS, ReasonCode, fieldNames, returnCodeOf } = core
const callbacks = documented(CALLBACKS, callbackTypes())
const broker = await loadBroker()
const packages = await describePackages()
/** @type {typeof import('../packages/admin/src/index.ts')} */
const { ROUTES } = await import(pathToFileURL(join(root, 'packages/admin/dist/index.js')).href)

/** @type {string[]} */
const problems = []

keep('docs/callbacks.md', {
  callbacks: () => callbacksTable(callbacks, notBuilt(callbacks, packages)),
  order: () => orderTable(defaultStack(), packages, callbacks),
  fields: () => fieldsSections(callbacks),
})
keep('docs/errors.md', {
  errors: () => errorsTable(ERRORS, raisers(packages)),
  'reason-codes': () => reasonCodesTable(ReasonCode, returnCodeOf),
})
const ctl = await ctlSection()
keep('docs/admin.md', { routes: () => routeSections(ROUTES), ctl: () => ctl })
keep('docs/log.md', {
  events: () => eventsTables(LOG_SUBJECTS, fieldNames, writers(packages)),
  'log-fields': () => logFieldsTable(LOG_FIELDS),
})
keep('docs/architecture.md', { numbers: () => numbersTable(packages), constants: constantsTable })
const costs = JSON.parse(readFileSync(join(root, 'docs/scaling.json'), 'utf8'))
keep('docs/scaling.md', {
  costs: () => `${costsTable(costs)}\n\nMeasured ${costs.measured}.`,
  nodes: () => nodesTable(costs),
  store: () => storeTable(costs),
})
for (const pkg of packages) {
  keep(`packages/${pkg.folder}/README.md`, {
    options: () => optionsTable(pkg.tables),
    callbacks: () => partsTable(pkg, callbacks),
  })
}
keep('README.md', { configuration: configurationText })
keep('packages/broker/README.md', await brokerSections(broker))
keepWhole('packages/broker/config.schema.json', await configSchemaText(broker, packages))
problems.push(
  ...wordProblems(callbacks, packages),
  ...dependentOptions(packages),
  ...idleCodes(ERRORS, raisers(packages)),
  ...idleEvents(LOG_EVENTS, writers(packages)),
  ...namelessLines(packages),
  ...unknownFields(LOG_EVENTS, LOG_FIELDS, fieldNames),
  ...linkProblems(),
)

for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`\n${problems.length} to mend; \`npm run docs:write\` writes what is generated`)
  process.exit(1)
}
console.log('the documentation agrees with the code')

/** The default stack with a middleware of a user's, to show where it stands. */
function defaultStack() {
  const yours = { name: '*yours: `use`*', relayMessage() {} }
  return broker
    .createBroker({ use: [yours] })
    .stack.middlewares.map((one) => (one === yours ? { name: yours.name } : one))
}

/**
 * Holds the sections of a page equal to what they should be; a page has those it wants.
 * @param {string} page
 * @param {Readonly<Record<string, () => string>>} sections
 */
function keep(page, sections) {
  const path = join(root, page)
  const text = readFileSync(path, 'utf8')
  let target = text
  for (const [name, body] of Object.entries(sections)) {
    if (text.includes(`<!-- ${name} -->`)) target = section(target, name, body())
  }
  keepWhole(page, target)
}

/**
 * Holds a whole file equal to what it should be.
 * @param {string} page
 * @param {string} target
 */
function keepWhole(page, target) {
  const path = join(root, page)
  if (existsSync(path) && readFileSync(path, 'utf8') === target) return
  if (values.write) writeFileSync(path, target)
  else problems.push(`${page}: is not as generated`)
}
