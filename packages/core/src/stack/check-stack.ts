/** What is checked before a stack starts. */
import type { CallbackRule, MiddlewareLike } from '../contract/index.ts'
import { MEMBERS } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { PACKET_TYPES } from '../packets/index.ts'
import { methodsOf, nearNames } from './near-names.ts'

/**
 * @param listing The stack as a list of who answers what; ends every message.
 * @throws StackError `MIDDLEWARE_INVALID`, `MIDDLEWARE_IDLE`, `CALLBACK_MISSPELT`, `CALLBACK_UNKNOWN`, `CALLBACK_UNANSWERED`,
 * `CALLBACK_CONTESTED` or `ORDER_INVALID`.
 */
export function checkStack(
  middlewares: readonly MiddlewareLike[],
  rules: ReadonlyMap<string, CallbackRule>,
  listing: string,
): void {
  const refuse = (code: ConstructorParameters<typeof StackError>[0], message: string): never => {
    throw new StackError(code, `${message}\n\n${listing}`)
  }
  const answerers = (name: string, asking?: MiddlewareLike): string[] =>
    middlewares.filter((one) => one !== asking && answers(one, name)).map(({ name }) => name)
  for (const middleware of middlewares) {
    const { name, requires = [], uses = [] } = middleware
    const active = ['handle', 'install', 'start', 'stop', ...rules.keys()].some((one) =>
      answers(middleware, one),
    )
    const [near] = nearNames(middleware, rules)
    if (near !== undefined) {
      const { method, meant } = near
      refuse(
        'CALLBACK_MISSPELT',
        `${name} has a method "${method}", which nobody calls: is "${meant}" meant?`,
      )
    }
    if (!active)
      refuse('MIDDLEWARE_IDLE', `${name} handles no packet and answers no callback${hint(middleware)}`)
    for (const type of middleware.handles ?? []) {
      if (!PACKET_TYPES.includes(type))
        refuse('MIDDLEWARE_INVALID', `${name} handles "${type}", which is no packet type`)
    }
    for (const callback of [...requires, ...uses]) {
      if (!rules.has(callback))
        refuse('CALLBACK_UNKNOWN', `${name} executes "${callback}", which nobody defined`)
    }
    for (const callback of requires) {
      // Whoever answers its own question has nobody who acts on it.
      if (answerers(callback, middleware).length === 0)
        refuse('CALLBACK_UNANSWERED', `${name} requires "${callback}", which nobody answers`)
    }
  }
  for (const [place, { name, behind = [] }] of middlewares.entries()) {
    for (const other of middlewares.slice(place + 1)) {
      const callback = behind.find((one) => executes(other, one))
      if (callback !== undefined)
        refuse('ORDER_INVALID', `${name} must stand behind ${other.name}, which executes "${callback}"`)
    }
  }
  for (const [name, { merge }] of rules) {
    const who = merge === 'one' ? answerers(name) : []
    if (who.length > 1)
      refuse(
        'CALLBACK_CONTESTED',
        `"${name}" is meant for one middleware, and ${who.join(' and ')} answer it`,
      )
  }
}

function answers(middleware: MiddlewareLike, name: string): boolean {
  return typeof (middleware as unknown as Record<string, unknown>)[name] === 'function'
}

/** Questions that somebody answers and nobody asks, where their rule says what that means; a line each. */
export function unaskedOf(
  middlewares: readonly MiddlewareLike[],
  rules: ReadonlyMap<string, CallbackRule>,
): string[] {
  const found: string[] = []
  for (const [callback, { unasked }] of rules) {
    if (unasked === undefined || middlewares.some((one) => executes(one, callback))) continue
    const who = middlewares.filter((one) => answers(one, callback)).map(({ name }) => name)
    if (who.length > 0) found.push(`${who.join(' and ')} answers ${callback}, but nobody asks: ${unasked}`)
  }
  return found
}

function executes({ requires = [], uses = [] }: MiddlewareLike, callback: string): boolean {
  return [...requires, ...uses].some((one) => one === callback)
}

/** The functions that a middleware has and core does not know: most likely a misspelt callback. */
function hint(middleware: MiddlewareLike): string {
  const strange = [...methodsOf(middleware)].filter((one) => !MEMBERS.has(one))
  return strange.length > 0 ? ` (it has ${strange.join(', ')}: misspelt?)` : ''
}
