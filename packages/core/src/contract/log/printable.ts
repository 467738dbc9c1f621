/**
 * Text for logs in which nothing that a client sent can move a cursor, end a line or hide what follows, and no secret
 * that can be told from other text.
 */

/** Control characters, the line ends of Unicode, and the marks that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** The same without the line ends of a stack trace. */
const UNPRINTABLE_IN_STACK = /(?!\n)[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** Characters of a field: a topic may have 65,535. */
const LONGEST = 256
/** Causes of causes that are looked at. */
const DEEPEST = 8
/** A JSON Web Token lets in whoever has it. */
const TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** What stands before the host of a URL. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@"'?#]{1,512}@/gi
/** Fields that are no matter for a log, whoever writes them. */
const SECRET = /^(?:pass(?:word|phrase)|payload|secret|token|authorization|authenticationdata|privatekey)$/i
const HIDDEN = '(hidden)'

/** The text with each unprintable character as `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped)
}

/** The text as it may be logged: printable, and without tokens and the passwords of URLs. */
export function loggable(text: string): string {
  return printable(withoutSecrets(text))
}

/** What stands behind a message in a log: fields, each of one value. Those that are `undefined` are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

/** Fields as they may be logged: printable, and long ones cut off. What is neither a single value nor an error is left out. */
export function loggableFields(fields: object): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (SECRET.test(name)) shown[name] = HIDDEN
    else if (typeof value === 'string') shown[name] = loggableValue(value)
    else if (value instanceof Error) shown[name] = loggableError(value)
    else if (typeof value === 'number' || typeof value === 'boolean') shown[name] = value
  }
  return shown
}

/** The error itself or, where its text may not be logged as it is, another one that says the same. */
export function loggableError(error: Error, depth = 0): Error {
  const { message, name, stack = '', cause } = error
  const causedBy = cause instanceof Error && depth < DEEPEST ? loggableError(cause, depth + 1) : undefined
  const clean = loggable(message)
  const cleanStack = withoutSecrets(stack.split(message).join(clean)).replace(UNPRINTABLE_IN_STACK, escaped)
  const same = clean === message && cleanStack === stack
  if (same && (causedBy === undefined || causedBy === cause)) return error
  const copy = new Error(clean, causedBy === undefined ? undefined : { cause: causedBy })
  const { code } = error as { code?: unknown }
  return Object.assign(copy, { name, stack: cleanStack }, typeof code === 'string' && { code })
}

/** A value of a field. @param longest Characters of it. */
export function loggableValue(text: string, longest: number = LONGEST): string {
  // A secret that the end cuts through could not be told any more.
  const near = withoutSecrets(text.length > 2 * longest ? text.slice(0, 2 * longest) : text)
  return printable(near.length > longest ? `${near.slice(0, longest)}…` : near)
}

/** The user name of a client as it may be shown: one that is a JSON Web Token lets in whoever has it. */
export function withoutToken<Name extends string | undefined>(username: Name): Name | string {
  return username?.replace(TOKEN, '(a token)') ?? username
}

function withoutSecrets(text: string): string {
  return text.replace(TOKEN, '(a token)').replace(USER_INFO, `$1${HIDDEN}@`)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
