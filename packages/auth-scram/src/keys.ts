/** What is kept of a password for SCRAM (RFC 5802): enough to check a proof, not enough to make one. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { prepare } from './prepare.ts'

const derive = promisify(pbkdf2)

/** An authentication method of MQTT 5.0. */
export type ScramMethod = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

export interface ScramKeys {
  readonly method: ScramMethod
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Bytes of a key, and how Node calls its hash. */
export const METHODS: Readonly<Record<ScramMethod, { readonly hash: string; readonly size: number }>> = {
  'SCRAM-SHA-256': { hash: 'sha256', size: 32 },
  'SCRAM-SHA-512': { hash: 'sha512', size: 64 },
}

/** Fewer than RFC 7677 asks for are too few; of more than the most a client would be busy for minutes. */
const FEWEST_ITERATIONS = 4_096
const MOST_ITERATIONS = 1_000_000
/** As RFC 7677 advises; each log-in costs the client so many. */
const WRITTEN_ITERATIONS = 15_000

const FORM = /^\$scram-sha-(256|512)\$i=(\d{1,9})\$([^$]*)\$([^$]*)\$([^$]*)$/

/**
 * What is to be kept of a password, as a field of the file: `$scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY`.
 * @throws RangeError for less than 4096 iterations or more than 1,000,000.
 */
export async function scramKeys(
  password: string,
  method: ScramMethod,
  iterations: number = WRITTEN_ITERATIONS,
  salt: Uint8Array = randomBytes(16),
): Promise<string> {
  const problem = iterationsProblem(iterations)
  if (problem !== undefined) throw new RangeError(`scramKeys: the keys would ${problem}`)
  const { hash, size } = METHODS[method]
  const salted = await derive(prepare(password), salt, iterations, size, hash)
  const storedKey = createHash(hash)
    .update(hmac(hash, salted, 'Client Key'))
    .digest()
  const parts = [Buffer.from(salt), storedKey, hmac(hash, salted, 'Server Key')]
  const name = method === 'SCRAM-SHA-256' ? 'scram-sha-256' : 'scram-sha-512'
  return [`$${name}$i=${iterations}`, ...parts.map((part) => part.toString('base64'))].join('$')
}

/** The keys of a field; a text in words says what is wrong with it. */
export function readKeys(field: string): ScramKeys | string {
  const [, bits, count, ...parts] = FORM.exec(field) ?? []
  const [salt, storedKey, serverKey] = parts.map((part) => Buffer.from(part, 'base64'))
  const method = `SCRAM-SHA-${bits}` as ScramMethod
  const size = METHODS[method]?.size
  if (size === undefined || salt.length === 0 || storedKey.length !== size || serverKey.length !== size) {
    return 'are not of the form $scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY'
  }
  const iterations = Number(count)
  return iterationsProblem(iterations) ?? { method, iterations, salt, storedKey, serverKey }
}

export function hmac(hash: string, key: Uint8Array, text: string): Buffer {
  return createHmac(hash, key).update(text).digest()
}

function iterationsProblem(iterations: number): string | undefined {
  if (iterations >= FEWEST_ITERATIONS && iterations <= MOST_ITERATIONS) return undefined
  return `have ${iterations} iterations, which is not from ${FEWEST_ITERATIONS} to ${MOST_ITERATIONS}`
}
