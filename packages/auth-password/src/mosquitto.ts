/** What `mosquitto_passwd` writes. */
import { createHash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Hash } from './hash.ts'
import { fromBase64, isSame } from './hash.ts'

const derive = promisify(pbkdf2)

/** More would keep a thread busy for seconds. */
const MOST_ITERATIONS = 10_000_000

/** `$6$SALT$HASH`: SHA-512 of password and salt. Until Mosquitto 1.6. */
export function readSha512(text: string): Hash | string {
  const [, salt, expected] = /^\$6\$([^$]*)\$([^$]*)$/.exec(text)?.map(fromBase64) ?? []
  if (salt === undefined || expected?.length !== 64) return 'is not of the form $6$SALT$HASH'
  return {
    // Less work than a thread's answer.
    async verify(password) {
      return isSame(createHash('sha512').update(password).update(salt).digest(), expected)
    },
  }
}

/** `$7$ITERATIONS$SALT$HASH`: PBKDF2 with HMAC-SHA-512. */
export function readPbkdf2(text: string): Hash | string {
  const [, count, ...rest] = /^\$7\$(\d{1,9})\$([^$]*)\$([^$]*)$/.exec(text) ?? []
  const [salt, expected] = rest.map(fromBase64)
  const iterations = Number(count)
  if (salt === undefined || expected?.length !== 64) return 'is not of the form $7$ITERATIONS$SALT$HASH'
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    return `wants ${iterations} iterations, which is not from 1 to ${MOST_ITERATIONS}`
  }
  return {
    async verify(password) {
      return isSame(await derive(password, salt, iterations, expected.length, 'sha512'), expected)
    },
  }
}
