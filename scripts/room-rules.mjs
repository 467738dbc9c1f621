// The rooms of core: which may import from which, and through what. What each is for is in docs/architecture.md.
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { importsOf, sourceFiles } from './package-rules.mjs'

/** From the ground up: a room imports from those before it alone. */
export const ROOMS = [
  'errors',
  'time',
  'topics',
  'memory',
  'packets',
  'contract',
  'users',
  'backend',
  'connection',
  'stack',
]

/**
 * Core's sources by path from `src`.
 * @param {string} dir of the package
 * @returns {Map<string, string>}
 */
export function sourcesOf(dir) {
  const src = join(dir, 'src')
  return new Map(
    sourceFiles(src).map((file) => [file.replaceAll('\\', '/'), readFileSync(join(src, file), 'utf8')]),
  )
}

/**
 * Imports go one way between rooms, through the index of the other room, and no file waits for itself to be loaded.
 * @param {ReadonlyMap<string, string>} sources
 * @param {readonly string[]} [rooms]
 * @returns {string[]}
 */
export function roomProblems(sources, rooms = ROOMS) {
  const files = [...sources.keys()].filter((file) => file.includes('/'))
  const strangers = files.filter((file) => !rooms.includes(roomOf(file)))
  const loose = [...sources.keys()].filter((file) => !file.includes('/') && file !== 'index.ts')
  return [
    ...strangers.map((file) => `${file}: stands in no room that scripts/room-rules.mjs knows`),
    ...loose.map((file) => `${file}: stands in no room`),
    ...files.flatMap((file) => wrongImports(file, sources.get(file) ?? '', rooms)),
    ...circles(sources).map((circle) => `${circle.join(' -> ')}: is a circle`),
  ].map((problem) => `packages/core/src/${problem}`)
}

/**
 * @param {string} file
 * @param {string} text
 * @param {readonly string[]} rooms
 */
function wrongImports(file, text, rooms) {
  const from = roomOf(file)
  return importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(file, specifier))
    .filter((target) => roomOf(target) !== from)
    .flatMap((target) => {
      const to = roomOf(target)
      if (rooms.indexOf(to) >= rooms.indexOf(from)) return [`${file}: ${from} may not import from ${to}`]
      return target === `${to}/index.ts` ? [] : [`${file}: imports ${target} past ${to}/index.ts`]
    })
}

/**
 * Files that need each other to be loaded; imports of types need nothing.
 * @param {ReadonlyMap<string, string>} sources
 * @returns {string[][]}
 */
function circles(sources) {
  /** @type {string[][]} */
  const found = []
  /** @type {Set<string>} */
  const clear = new Set()
  /** @param {string[]} path */
  const walk = (path) => {
    const file = path[path.length - 1]
    for (const next of neededBy(file, sources.get(file) ?? '')) {
      const at = path.indexOf(next)
      if (at >= 0) found.push([...path.slice(at), next])
      else if (!clear.has(next)) walk([...path, next])
    }
    clear.add(file)
  }
  for (const file of sources.keys()) if (!clear.has(file)) walk([file])
  return found
}

/**
 * @param {string} file
 * @param {string} text
 */
function neededBy(file, text) {
  const typeless = text.replace(/^(import|export) type [^'"]*?from '[^']+'$/gm, '')
  return importsOf(typeless)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(file, specifier))
}

/** @param {string} file */
function roomOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ''
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function targetOf(file, specifier) {
  return posix.join(posix.dirname(file), specifier)
}
