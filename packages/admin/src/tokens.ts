/** Who may ask: bearer tokens, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { StackError } from '@mqtt-stack/core'

/** `read`: looks. `operate`: looks and changes. */
export type Role = 'read' | 'operate'

export const ROLES: readonly Role[] = ['read', 'operate']

/** A token as options have it. */
export interface TokenOptions {
  /** The secret itself, of 16 characters or more. In a configuration it may be `{ file: path }`. */
  readonly token: string
  readonly role: Role
  /** Names whose it is, for the log. */
  readonly name?: string
}

/** Fewer characters are guessed. */
const SHORTEST = 16

interface Known {
  readonly digest: Buffer
  readonly role: Role
  readonly name: string
}

/** Who a token says somebody is. */
export interface Bearer {
  readonly role: Role
  readonly name: string
}

/** The tokens that count. */
export class Tokens {
  readonly #known: readonly Known[]
  /** The one that was made because none was given, to be told once. */
  readonly made: string | undefined

  /** @throws StackError `OPTION_INVALID` for a token that is too short, or an unknown role; no token is shown. */
  constructor(given: readonly TokenOptions[]) {
    for (const [i, one] of given.entries()) check(one, i)
    this.made = given.length === 0 ? randomBytes(24).toString('base64url') : undefined
    const all =
      this.made === undefined
        ? given
        : [{ token: this.made, role: 'operate' as const, name: 'made at start' }]
    this.#known = all.map(({ token, role, name }, i) => ({
      digest: digestOf(token),
      role,
      name: name ?? `token ${i + 1}`,
    }))
  }

  /** Looks at all of them, whichever it is: how long it takes says nothing. */
  find(token: string): Bearer | undefined {
    const digest = digestOf(token)
    let found: Known | undefined
    for (const one of this.#known) if (timingSafeEqual(one.digest, digest)) found ??= one
    return found && { role: found.role, name: found.name }
  }
}

/** Whether who has one role may do what wants another. */
export function mayAct(has: Role, wanted: Role): boolean {
  return has === 'operate' || wanted === 'read'
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function check(given: TokenOptions, i: number): void {
  const { token, role } = (given ?? {}) as Partial<TokenOptions>
  const part = (key: string): string => `Admin: option "tokens[${i}].${key}"`
  if (typeof token !== 'string' || token.length < SHORTEST)
    throw new StackError(
      'OPTION_INVALID',
      `${part('token')} must have at least ${SHORTEST} characters: openssl rand -hex 24 makes one`,
    )
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new StackError(
      'OPTION_INVALID',
      `${part('token')} must be of printable ASCII characters, without spaces`,
    )
  if (!ROLES.includes(role as Role))
    throw new StackError('OPTION_INVALID', `${part('role')} must be one of ${ROLES.join(', ')}`)
}
