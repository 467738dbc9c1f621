/** Environment variables in the texts of a configuration: `${NAME}`, and `${NAME:-default}`. */

export interface FilledIn {
  readonly text: string
  /** The first variable that is not set, or empty, and has no default. */
  readonly missing?: string
}

/** `$${` stands for `${` itself. A topic such as `$SYS/#` is left as it is. */
const VARIABLE = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

/**
 * What comes from the environment is text and nothing else: no YAML, and no variables, are looked for in it.
 * @param env Where the variables are; one that is empty counts as not set.
 */
export function fillIn(text: string, env: Readonly<NodeJS.ProcessEnv>): FilledIn {
  let missing: string | undefined
  const filled = text.replace(VARIABLE, (all: string, name?: string, usual?: string) => {
    if (name === undefined) return '${'
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (!value && usual === undefined) missing ??= name
    return value || (usual ?? all)
  })
  return missing === undefined ? { text: filled } : { text: filled, missing }
}

/** What a text is that stands without quotes: a number, true or false, or itself. */
export function plainValue(text: string): unknown {
  if (/^(?:true|false)$/.test(text)) return text === 'true'
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text
}
