/** What a module exports, whichever way it was written. */
import type { MiddlewareLike } from '@mqtt-stack/core'

export type Exports = Readonly<Record<string, unknown>>

/** Names that Node and compilers add to a CommonJS module. */
const ADDED = new Set(['__esModule', 'module.exports'])
/** Names of a message at most. */
const MOST = 8

/**
 * Of a CommonJS module `default` is what Node makes of it: all of `module.exports`. Then what was exported by name counts,
 * and what a compiler wrote as its default.
 */
export function exportsOf(module: Exports): Exports {
  const { default: usual } = module
  const own = isCommonJs(module, usual) ? usual : module
  return Object.fromEntries(Object.entries(own).filter(([name]) => !ADDED.has(name)))
}

function isCommonJs(module: Exports, usual: unknown): usual is Exports {
  if (typeof usual !== 'object' || usual === null) return false
  if (Object.hasOwn(usual, '__esModule')) return true
  const names = Object.keys(module).filter((name) => name !== 'default' && !ADDED.has(name))
  return !isMiddleware(usual) && names.every((name) => module[name] === (usual as Exports)[name])
}

/** An object with a name. */
export function isMiddleware(what: unknown): what is MiddlewareLike {
  return typeof what === 'object' && what !== null && typeof (what as MiddlewareLike).name === 'string'
}

/** `A, B and 88 more`. */
export function listOf(names: readonly string[]): string {
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : ''
  return `${names.slice(0, MOST).join(', ')}${more}` || 'nothing'
}
