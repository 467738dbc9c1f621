// A callback's documentation says in words who executes and who answers it: the built-ins that it names, and no others.
import { partsOf } from './docs-tables.mjs'

/** @typedef {import('./docs-packages.mjs').Described} Described */
/** @typedef {import('./docs-tables.mjs').Rules} Rules */

/**
 * Where words and built-ins disagree. What nobody executes yet is not held to what is said of it.
 * @param {Rules} rules
 * @param {Described[]} packages
 */
export function wordProblems(rules, packages) {
  const toCome = notBuilt(rules, packages)
  const acting = packages.filter(({ middlewares }) => middlewares.length > 0)
  const unsaid = Object.entries(rules)
    .filter(([, { doc, by, answered }]) => !doc.endsWith('.') || by === '' || answered === '')
    .map(
      ([name]) =>
        `"${name}" lacks a sentence, @executedBy or @answeredBy in packages/core/src/contract/callbacks`,
    )
  const wrong = Object.entries(rules).flatMap(([name, { by, answered }]) =>
    acting.flatMap((pkg) => {
      const executes = does(pkg, rules, name, 'executes')
      const answers = does(pkg, rules, name, 'answers')
      const missing = !toCome.has(name)
      return [
        ...mismatch(`"${name}" is executed by ${by}`, by, pkg, executes, missing),
        ...mismatch(`"${name}" is answered by ${answered}`, answered, pkg, answers, missing),
      ]
    }),
  )
  return [...unsaid, ...wrong]
}

/**
 * Options whose documentation does not read alone: it goes on with what another option says.
 * @param {Described[]} packages
 */
export function dependentOptions(packages) {
  return packages.flatMap(({ folder, tables }) =>
    tables.flatMap(({ name, rows }) =>
      Object.entries(rows)
        .filter(([, { doc }]) => GOES_ON.test(doc))
        .map(([key, { doc }]) => `packages/${folder}: ${name}.${key} does not read alone: "${doc}"`),
    ),
  )
}

/** How a sentence begins that needs the one before it. */
const GOES_ON = /^(And|Or|But|Its?|They|Them|Those|These|The same)\b/

/**
 * Callbacks whose executor is a built-in that does not execute them yet.
 * @param {Rules} rules
 * @param {Described[]} packages
 */
export function notBuilt(rules, packages) {
  const acting = packages.filter(({ middlewares }) => middlewares.length > 0)
  const names = Object.entries(rules).filter(
    ([name, { by }]) =>
      acting.some((pkg) => isNamed(by, pkg)) && !acting.some((pkg) => does(pkg, rules, name, 'executes')),
  )
  return new Set(names.map(([name]) => name))
}

/**
 * @param {string} claim
 * @param {string} words
 * @param {Described} pkg
 * @param {boolean} acts
 * @param {boolean} missing whether it is wrong not to act
 */
function mismatch(claim, words, pkg, acts, missing) {
  const named = isNamed(words, pkg)
  if (named === acts || (named && !missing)) return []
  if (acts && /\b(anyone|whoever|each)\b/.test(words)) return []
  return [`packages/core/src/contract/callbacks: ${claim}; ${pkg.folder} ${acts ? 'does too' : 'does not'}`]
}

/**
 * @param {Described} pkg
 * @param {Rules} rules
 * @param {string} callback
 * @param {'answers' | 'executes'} part
 */
function does({ middlewares }, rules, callback, part) {
  return middlewares
    .flatMap((middleware) => partsOf(middleware, rules))
    .some((one) => one.name === callback && one.part.startsWith(part))
}

/**
 * Whether words name a package: by its folder, or as the backend.
 * @param {string} words
 * @param {Described} pkg
 */
function isNamed(words, { folder, role }) {
  return words.split(/[^a-z-]+/).some((word) => word === folder || (word === role && role === 'backend'))
}
