/** Makes the middlewares of sections and of other packages: each is loaded where the configuration names it. */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { nearestName } from '@mqtt-stack/core'
import type { UseValue } from './config-value.ts'
import type { Exports } from './exports-of.ts'
import { exportsOf, isMiddleware, listOf } from './exports-of.ts'
import type { Section } from './sections.ts'

/** Imports a package, or the module at a URL. */
export type Load = (specifier: string) => Promise<Exports>

type Make = new (options?: object) => MiddlewareLike

const load: Load = (specifier) => import(specifier)

/** @throws Error where the package is not there, cannot run here, or refuses the options. */
export async function makeSection(
  { package: name, class: className }: Section,
  options: object,
  from: Load = load,
): Promise<MiddlewareLike> {
  const module = await from(name).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`needs ${name}, which ${whyNot(cause, name)}`, { cause })
  })
  return new (module[className] as Make)(options)
}

/**
 * A middleware of somebody else.
 * @param file The configuration: what it names is looked for beside it, too.
 * @throws Error where there is none.
 */
export async function makeUse(
  { package: name, export: wanted, name: called, options }: UseValue,
  file: string,
  from: Load = load,
): Promise<MiddlewareLike> {
  const module = exportsOf(await importFrom(name, file, from))
  const made = await make(pick(module, name, wanted), options)
  if (!isMiddleware(made))
    throw new Error(`${name} exports no middleware there: one is an object with a name, or what makes it`)
  return called === undefined ? made : rename(made, called, name)
}

/** It keeps its class; listeners, messages and the log have the new name. */
function rename(made: MiddlewareLike, called: string, from: string): MiddlewareLike {
  if (called === '') throw new Error('"name" must not be empty')
  try {
    Object.defineProperty(made, 'name', {
      value: called,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  } catch {
    throw new Error(`what ${from} exports has a fixed name: leave "name" out`)
  }
  return made
}

async function importFrom(name: string, file: string, from: Load): ReturnType<Load> {
  const beside = pathToFileURL(resolve(file))
  try {
    if (/^\.{0,2}\//.test(name)) return await from(new URL(name, beside).href)
    return await from(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
      return from(pathToFileURL(createRequire(beside).resolve(name)).href)
    })
  } catch (cause) {
    throw new Error(`${name} ${whyNot(cause as NodeJS.ErrnoException, name)}`, { cause })
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, name: string): string {
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  if (missing && /^\.{0,2}\//.test(name)) return 'is not there'
  if (missing && message.includes(name)) return `is not installed: npm install ${name}`
  return `cannot be loaded here: ${message}`
}

function pick(module: Exports, name: string, wanted: string | undefined): unknown {
  const names = Object.keys(module)
  if (wanted !== undefined) {
    if (Object.hasOwn(module, wanted)) return module[wanted]
    const near = nearestName(wanted, names)
    const fix = near === undefined ? `known: ${listOf(names)}` : `did you mean "${near}"?`
    throw new Error(`${name} exports no "${wanted}" (${fix})`)
  }
  if (module.default !== undefined) return module.default
  const classes = names.filter((one) => isClass(module[one]))
  if (classes.length !== 1)
    throw new Error(`${name} exports ${listOf(classes.length > 1 ? classes : names)}: say which by "export"`)
  return module[classes[0]]
}

function make(what: unknown, options: object | undefined): unknown {
  if (typeof what === 'function')
    return isClass(what) ? new (what as Make)(options) : (what as (options?: object) => unknown)(options)
  if (options !== undefined) throw new Error('it is made already, and takes no options: leave "options" out')
  return what
}

function isClass(what: unknown): boolean {
  return typeof what === 'function' && /^class\b/.test(Function.prototype.toString.call(what))
}
