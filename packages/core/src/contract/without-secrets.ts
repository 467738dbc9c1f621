/** Options for people to look at: what is secret is not among them. */

/** Stands for what is not shown. */
export const HIDDEN = '(hidden)'

/** Names of options that may hold secrets; those of files do not. */
const SECRET = /pass|secret|token|credential|authorization|private|^key$|^pfx$|^headers$|^redis$|url$/i
const NOT_SECRET = /file$|path$|limit$|claim$|encoding$/i
const DEEPEST = 6

/**
 * What options say, in values of JSON: secrets are hidden, functions and objects of classes are named.
 * @param table Of a middleware: a row with `secret: true` is hidden, whatever it is called.
 */
export function withoutSecrets(options: unknown, table?: unknown): unknown {
  return plain(options, table, 0)
}

function plain(value: unknown, table: unknown, depth: number): unknown {
  if (typeof value === 'function') return '(a function)'
  if (typeof value === 'bigint') return `${value}`
  if (typeof value !== 'object' || value === null) return Number.isNaN(value) ? null : infinite(value)
  if (value instanceof Uint8Array) return `(${value.length} bytes)`
  if (depth > DEEPEST) return '(more)'
  if (Array.isArray(value)) return value.map((one) => plain(one, undefined, depth + 1))
  const maker = Object.getPrototypeOf(value)?.constructor?.name
  if (maker !== undefined && maker !== 'Object') return `(${maker})`
  const rows = (table ?? {}) as Readonly<Record<string, { readonly secret?: boolean } | undefined>>
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      isSecret(name, rows[name]) ? hide(one) : plain(one, undefined, depth + 1),
    ]),
  )
}

/** What is not there hides nothing; a list of secrets says how many there are. */
function hide(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (Array.isArray(value))
    return value.map((one) => (typeof one === 'object' ? withoutSecrets(one) : HIDDEN))
  return HIDDEN
}

function isSecret(name: string, row: { readonly secret?: boolean } | undefined): boolean {
  return row?.secret ?? (SECRET.test(name) && !NOT_SECRET.test(name))
}

function infinite(value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'infinity' : value
}
