// What is looked up around the pages: which there are, where their links lead, and who raises an error.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { anchor } from './docs-tables.mjs'
import { root } from './workspace.mjs'

/** @typedef {import('./docs-packages.mjs').Described} Described */

/** Every page of the documentation, as a path from the root. */
export function pages() {
  const readmes = readdirSync(join(root, 'packages')).map((folder) => `packages/${folder}/README.md`)
  const docs = readdirSync(join(root, 'docs')).map((file) => `docs/${file}`)
  return ['README.md', 'CONTRIBUTING.md', ...docs, ...readmes].filter(
    (page) => page.endsWith('.md') && existsSync(join(root, page)),
  )
}

/**
 * Who raises an error code: the packages whose sources hold it.
 * @param {Described[]} packages
 */
export function raisers(packages) {
  const sources = packages.map(({ folder, dir }) => ({ folder, text: sourceOf(join(dir, 'src')) }))
  return (/** @type {string} */ code) =>
    sources.filter(({ text }) => text.includes(`'${code}'`)).map(({ folder }) => folder)
}

/**
 * Who writes an event: the packages whose sources do.
 * @param {Described[]} packages
 */
export function writers(packages) {
  const sources = packages.map(({ folder, dir }) => ({
    folder,
    // Tables are no writing.
    text: sourceOf(join(dir, 'src')).replace(/^ {2}'[a-z.-]+': \{$/gm, ''),
  }))
  return (/** @type {string} */ name) =>
    sources.filter(({ text }) => text.includes(`'${name}'`)).map(({ folder }) => folder)
}

/**
 * Error codes that nobody raises: the table is of those that users can meet.
 * @param {Readonly<Record<string, string>>} errors
 * @param {(code: string) => string[]} raisedBy
 */
export function idleCodes(errors, raisedBy) {
  return Object.keys(errors)
    .filter((code) => raisedBy(code).length === 0)
    .map((code) => `packages/core/src/errors/errors.ts: nobody raises ${code}`)
}

/** Events that nobody writes: the table is of those that an operator can meet.
 * @param {Readonly<Record<string, unknown>>} events
 * @param {(name: string) => string[]} writtenBy
 */
export function idleEvents(events, writtenBy) {
  return Object.keys(events)
    .filter((name) => writtenBy(name).length === 0)
    .map((name) => `packages/core/src/contract/log: nobody writes ${name}`)
}

/**
 * Lines without a name: each line of ours is of the table. Tables of those who have their own are theirs.
 * @param {Described[]} packages
 */
export function namelessLines(packages) {
  const call = /\b(?:log|logger)\??\.(?:error|warn|info|debug)\(/
  return packages.flatMap(({ folder, dir }) =>
    sourcesOf(join(dir, 'src'))
      .filter((file) => call.test(readFileSync(join(dir, 'src', file), 'utf8')))
      .map((file) => `packages/${folder}/src/${file}: writes a line that is no event: use log.event()`),
  )
}

/**
 * What a table of events says amiss: fields that nobody has explained.
 * @param {import('../packages/core/src/index.ts').LogTable} events
 * @param {Readonly<Record<string, string>>} fields
 * @param {(row: import('../packages/core/src/index.ts').LogRow) => string[]} fieldsOf
 */
export function unknownFields(events, fields, fieldsOf) {
  const used = new Set(Object.values(events).flatMap(fieldsOf))
  const where = 'packages/core/src/contract/log/log-fields.ts'
  const unused = Object.keys(fields).filter((name) => !used.has(name) && name !== 'event' && name !== 'err')
  return [
    ...[...used]
      .filter((name) => fields[name] === undefined)
      .map((name) => `${where}: ${name} is not explained`),
    ...unused.map((name) => `${where}: no line has ${name}`),
  ]
}

/** @param {string} src */
function sourcesOf(src) {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
}

/** @param {string} src */
function sourceOf(src) {
  return sourcesOf(src)
    .map((file) => readFileSync(join(src, file), 'utf8'))
    .join('\n')
}

/** Links of the pages to files, and to titles, that are not there. */
export function linkProblems() {
  return pages().flatMap((page) => {
    const text = withoutCode(readFileSync(join(root, page), 'utf8'))
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, to]) => to)
    return links.filter((to) => !leads(page, to)).map((to) => `${page}: ${to} leads nowhere`)
  })
}

/**
 * @param {string} page
 * @param {string} to
 */
function leads(page, to) {
  const [path, title] = to.split('#')
  const target = path === '' ? join(root, page) : join(root, dirname(page), path)
  if (!existsSync(target)) return false
  if (title === undefined || relative(root, target).endsWith('.md') === false) return title === undefined
  const titles = withoutCode(readFileSync(target, 'utf8')).matchAll(/^#+ (.*)$/gm)
  return [...titles].some(([, text]) => anchor(text) === title)
}

/** @param {string} text */
function withoutCode(text) {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}
