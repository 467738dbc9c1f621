import { createHmac, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { User } from '@mqtt-stack/core/users'
import { scryptHash, userError } from '@mqtt-stack/core/users'
import type { Argon2 } from './argon2.ts'
import { loadArgon2, readArgon2, writeArgon2 } from './argon2.ts'
import type { Hash } from './hash.ts'
import { readPbkdf2, readSha512 } from './mosquitto.ts'
import { readScrypt } from './scrypt.ts'

/**
 * What is to be kept of a password: `$argon2id$…`, or `$scrypt$…` where `@node-rs/argon2` cannot be loaded.
 * @param load Imports `@node-rs/argon2`.
 */
export async function hashPassword(
  password: string | Uint8Array,
  load?: () => Promise<Argon2>,
): Promise<string> {
  const bytes = Buffer.from(password as string)
  const argon2 = await loadArgon2(load)
  return argon2 instanceof Error ? scryptHash(bytes) : writeArgon2(bytes, argon2)
}

/** About as much as is done in a millisecond or two. */
const HASHES_A_TURN = 500

/** A user whose hash was read. */
export interface Known {
  readonly user: User
  readonly hash: Hash
}

/** The users of a file with their passwords. */
export class Passwords {
  readonly #known: ReadonlyMap<string, Known>
  /** In the order of the file. */
  readonly #all: readonly Known[]

  private constructor(known: ReadonlyMap<string, Known>) {
    this.#known = known
    this.#all = [...known.values()]
  }

  /** @throws StackError `FILE_INVALID` for the first hash that cannot be used. */
  static async of(users: ReadonlyMap<string, User>, path: string): Promise<Passwords> {
    const argon2 = await loadArgon2()
    const known = new Map<string, Known>()
    for (const user of users.values()) {
      known.set(user.name, { user, hash: readHash(user, path, argon2) })
      // While a long file is read, others have their turn.
      if (known.size % HASHES_A_TURN === 0) await setImmediate()
    }
    return new Passwords(known)
  }

  find(name: string): Known | undefined {
    return this.#known.get(name)
  }

  /**
   * Whose password is verified in place of that of a user who is not in the file, so that it takes as long as that of
   * one who is, whatever kinds of hashes there are. The same user for a name each time; `undefined` in an empty file.
   */
  standIn(name: string): Known | undefined {
    if (this.#all.length === 0) return undefined
    return this.#all[createHmac('sha256', SECRET).update(name).digest().readUInt32LE() % this.#all.length]
  }
}

/** Nobody else can say who stands in for whom. */
const SECRET = randomBytes(32)

const KINDS = '$argon2id$, $scrypt$, $7$ and $6$'

function readHash({ name, hash: text, line }: User, path: string, argon2: Argon2 | Error): Hash {
  const hash = readKind(text, argon2)
  if (typeof hash !== 'string') return hash
  throw userError(path, line, `the hash of "${name}" ${hash}: mqtt-stack passwd ${path} ${name}`)
}

function readKind(text: string, argon2: Argon2 | Error): Hash | string {
  switch (text.split('$', 2)[1]) {
    case 'argon2id':
      return readArgon2(text, argon2)
    case 'scrypt':
      return readScrypt(text)
    case '7':
      return readPbkdf2(text)
    case '6':
      return readSha512(text)
    default:
      return `is of no kind that is known (${KINDS})`
  }
}
