/** `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, by a native module that may not be there. */
import type { Hash } from './hash.ts'
import { fromBase64 } from './hash.ts'

/** As much of `@node-rs/argon2` as is used here. */
export interface Argon2 {
  hash(
    password: Uint8Array,
    options: { memoryCost: number; timeCost: number; parallelism: number },
  ): Promise<string>
  verify(hash: string, password: Uint8Array): Promise<boolean>
}

const FORM = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([^$]*)\$([^$]*)$/
/** 19 MiB and two passes, as OWASP says. */
const WRITTEN = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** KiB that one verification may take. */
const MOST_MEMORY = 1_048_576
const MOST_PASSES = 64
const MOST_LANES = 16

/**
 * The module, or the error if it is not there or has no binary for this machine. By itself it is loaded once.
 * @param load Imports it.
 */
export function loadArgon2(
  load: () => Promise<Argon2> = () => import('@node-rs/argon2'),
): Promise<Argon2 | Error> {
  return load().catch((error: Error) => error)
}

export function readArgon2(text: string, argon2: Argon2 | Error): Hash | string {
  const [, memory, passes, lanes, ...rest] = FORM.exec(text) ?? []
  if (rest.length === 0 || rest.some((part) => fromBase64(part) === undefined)) {
    return 'is not of the form $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH'
  }
  const [m, t, p] = [memory, passes, lanes].map(Number)
  if (m < 8 * p || m > MOST_MEMORY || t < 1 || t > MOST_PASSES || p < 1 || p > MOST_LANES) {
    return 'wants more than 1 GiB, 64 passes or 16 lanes, or nothing'
  }
  if (argon2 instanceof Error) {
    return 'needs the package @node-rs/argon2, which cannot be loaded here'
  }
  return { verify: (password) => argon2.verify(text, password) }
}

/** The text that is kept of a password. */
export function writeArgon2(password: Uint8Array, argon2: Argon2): Promise<string> {
  return argon2.hash(password, WRITTEN)
}
