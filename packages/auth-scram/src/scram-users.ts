import { createHash } from 'node:crypto'
import type { User } from '@mqtt-stack/core/users'
import { userError } from '@mqtt-stack/core/users'
import type { ScramKeys, ScramMethod } from './keys.ts'
import { hmac, METHODS, readKeys } from './keys.ts'
import { prepare } from './prepare.ts'

/** A user with its keys for a method. */
export interface ScramUser {
  readonly user: User
  readonly keys: ScramKeys
}

/** What a client is asked for its proof with; of somebody who is not known, too. */
export type Challenge = Pick<ScramKeys, 'iterations' | 'salt'>

/** The users of a file who have keys for one method. */
export class ScramUsers {
  readonly method: ScramMethod
  readonly #users: ReadonlyMap<string, ScramUser>
  /** By their server keys, which nobody else knows and which stay as they are. */
  readonly #ring: readonly ScramUser[]

  constructor(method: ScramMethod, users: ReadonlyMap<string, ScramUser>) {
    this.method = method
    this.#users = users
    this.#ring = [...users.values()].sort((a, b) => Buffer.compare(a.keys.serverKey, b.keys.serverKey))
  }

  get size(): number {
    return this.#users.size
  }

  /** @param name As {@link prepare} makes it. */
  find(name: string): ScramUser | undefined {
    return this.#users.get(name)
  }

  /**
   * Whose keys are used for a name that is not in the file. It is the same user each time, after a restart too, and
   * only a few names change theirs when a user comes or goes.
   */
  standIn(name: string): ScramUser {
    const place = createHash(METHODS[this.method].hash).update(name).digest()
    let [from, to] = [0, this.#ring.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (Buffer.compare(this.#ring[middle].keys.serverKey, place) < 0) from = middle + 1
      else to = middle
    }
    return this.#ring[from % this.#ring.length]
  }

  /** Iterations and salt for a name that is not in the file: nobody can say that they are made up. */
  madeUp(name: string): Challenge {
    const { iterations, salt, serverKey } = this.standIn(name).keys
    const made = hmac(METHODS[this.method].hash, serverKey, `salt of ${name}`)
    return { iterations, salt: made.subarray(0, salt.length) }
  }
}

/** The users of each method. */
export type UsersByMethod = Readonly<Record<ScramMethod, ScramUsers>>

/** @throws StackError `FILE_INVALID` for the first keys that cannot be used. */
export function readScramUsers(users: ReadonlyMap<string, User>, path: string): UsersByMethod {
  const found = {
    'SCRAM-SHA-256': new Map<string, ScramUser>(),
    'SCRAM-SHA-512': new Map<string, ScramUser>(),
  }
  for (const user of users.values()) {
    for (const field of user.keys) {
      const keys = readKeys(field)
      if (typeof keys === 'string') throw problemOf(user, path, `the keys of "${user.name}" ${keys}`)
      add(found[keys.method], user, keys, path)
    }
  }
  return {
    'SCRAM-SHA-256': new ScramUsers('SCRAM-SHA-256', found['SCRAM-SHA-256']),
    'SCRAM-SHA-512': new ScramUsers('SCRAM-SHA-512', found['SCRAM-SHA-512']),
  }
}

function add(known: Map<string, ScramUser>, user: User, keys: ScramKeys, path: string): void {
  const name = prepare(user.name)
  const earlier = known.get(name)?.user
  if (earlier === user) throw problemOf(user, path, `"${user.name}" has keys for ${keys.method} twice`)
  if (earlier !== undefined) {
    const what = `"${user.name}" is the same name to SCRAM as that of line ${earlier.line}`
    throw userError(path, user.line, `${what}: rename one of the two`)
  }
  known.set(name, { user, keys })
}

function problemOf({ name, line }: User, path: string, problem: string): Error {
  return userError(path, line, `${problem}: mqtt-stack passwd ${path} ${name} --scram`)
}
