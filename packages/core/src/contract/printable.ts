/** Text for logs in which nothing that a client sent can move a cursor, end a line or hide what follows. */

/** Control characters, the line ends of Unicode, and the marks that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** The same without the line ends of a stack trace. */
const UNPRINTABLE_IN_STACK = /(?!\n)[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** Characters of a field: a topic may have 65,535. */
const LONGEST = 256
/** Causes of causes that are looked at. */
const DEEPEST = 8

/** The text with each unprintable character as `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped)
}

/** What stands behind a message in a log: fields, each of one value. Those that are `undefined` are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

/** Fields as they may be logged: printable, and long ones cut off. */
export function printableFields(fields: Fields): Fields {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === 'string' ? short(value) : value]),
  )
}

/** The user name of a client as it may be shown: one that is a JSON Web Token lets in whoever has it. */
export function withoutToken<Name extends string | undefined>(username: Name): Name | string {
  return username?.replace(/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/, '(a token)') ?? username
}

/** The error itself or, where its text is not printable, another one that says the same. */
export function printableError(error: Error, depth = 0): Error {
  const { message, name, stack = '', cause } = error
  const causedBy = cause instanceof Error && depth < DEEPEST ? printableError(cause, depth + 1) : undefined
  const clean = printable(message)
  const cleanStack = stack.split(message).join(clean).replace(UNPRINTABLE_IN_STACK, escaped)
  const same = clean === message && cleanStack === stack
  if (same && (causedBy === undefined || causedBy === cause)) return error
  const copy = new Error(clean, causedBy === undefined ? undefined : { cause: causedBy })
  const { code } = error as { code?: unknown }
  return Object.assign(copy, { name, stack: cleanStack }, typeof code === 'string' && { code })
}

function short(text: string): string {
  return printable(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
