/** `$scrypt$ln=14,r=8,p=5$SALT$HASH`: what is written where argon2 cannot be loaded. */
import type { ScryptOptions } from 'node:crypto'
import { scrypt } from 'node:crypto'
import type { Hash } from './hash.ts'
import { fromBase64, isSame } from './hash.ts'

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$]*)\$([^$]*)$/
/** Bytes that one verification may take. */
const MOST_MEMORY = 256 * 1024 * 1024
const MOST_PASSES = 64

export function readScrypt(text: string): Hash | string {
  const [, ln, r, p, ...rest] = FORM.exec(text) ?? []
  const [salt, expected] = rest.map(fromBase64)
  if (salt === undefined || expected === undefined || expected.length < 16) {
    return 'is not of the form $scrypt$ln=14,r=8,p=5$SALT$HASH'
  }
  const options = optionsOf(Number(ln), Number(r), Number(p))
  if (options === undefined) return 'wants more than 256 MiB or 64 passes, or nothing'
  return {
    async verify(password) {
      return isSame(await derive(password, salt, expected.length, options), expected)
    },
  }
}

function optionsOf(ln: number, r: number, p: number): ScryptOptions | undefined {
  const cost = 2 ** ln
  const memory = 128 * cost * r
  if (ln < 1 || r < 1 || p < 1 || p > MOST_PASSES || memory > MOST_MEMORY) return undefined
  // Node counts some bytes more than those of the algorithm.
  return { cost, blockSize: r, parallelization: p, maxmem: 2 * memory + 128 * r * p + 65_536 }
}

function derive(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: ScryptOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
