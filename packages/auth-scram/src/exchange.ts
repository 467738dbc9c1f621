/** The server's side of one exchange (RFC 5802): two messages of the client, two of ours. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { hmac, METHODS } from './keys.ts'
import { prepare } from './prepare.ts'
import type { ScramUser, ScramUsers } from './scram-users.ts'

/** The longest message that is read, in bytes, and the longest nonce of a client. */
const MOST_BYTES = 4_096
const MOST_NONCE = 256

const FIRST = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+))(?:,[a-zA-Z]=[^,]*)*$/
const FINAL = /^(c=([A-Za-z0-9+/]+=*),r=([^,]+)(?:,[a-oq-zA-Z]=[^,]*)*),p=([A-Za-z0-9+/]+=*)$/

/** An exchange that waits for the client's proof. */
export interface Begun {
  /** Our first message. */
  readonly data: Buffer
  /** The header of the client's first message, which it is to repeat. */
  readonly header: string
  readonly name: string
  readonly nonce: string
  /** Both first messages, without the header. */
  readonly said: string
}

/** Who proved that it knows the password, and our last message, which proves that we know the user. */
export interface Proven {
  readonly found: ScramUser
  readonly data: Buffer
}

/** Answers the client's first message; `undefined` where it is none. A name that is not known is answered as well. */
export function begin(users: ScramUsers, data: Uint8Array | undefined, ourNonce: string): Begun | undefined {
  const [, header, authzid, bare, saslName, theirNonce] = FIRST.exec(textOf(data)) ?? []
  if (bare === undefined || theirNonce.length > MOST_NONCE) return undefined
  const name = plainName(saslName)
  // Nobody acts as somebody else.
  if (name === undefined || (authzid !== undefined && plainName(authzid) !== name)) return undefined
  const nonce = theirNonce + ourNonce
  const made = users.madeUp(name)
  const { iterations, salt } = users.find(name)?.keys ?? made
  const answer = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`
  return { data: Buffer.from(answer), header, name, nonce, said: `${bare},${answer}` }
}

/** Judges the client's proof. That of a name that is not known is compared with another user's keys, and fails. */
export function finish(
  users: ScramUsers,
  { header, name, nonce, said }: Begun,
  data: Uint8Array | undefined,
): Proven | undefined {
  const [, unproven, theirHeader, theirNonce, proof] = FINAL.exec(textOf(data)) ?? []
  if (unproven === undefined || theirNonce !== nonce) return undefined
  if (Buffer.from(theirHeader, 'base64').toString() !== header) return undefined
  const found = users.find(name)
  const { keys } = found ?? users.standIn(name)
  const { hash } = METHODS[users.method]
  const all = `${said},${unproven}`
  const isRight = fits(hash, hmac(hash, keys.storedKey, all), Buffer.from(proof, 'base64'), keys.storedKey)
  if (!isRight || found === undefined) return undefined
  return { found, data: Buffer.from(`v=${hmac(hash, keys.serverKey, all).toString('base64')}`) }
}

/** The proof is the client's key under the signature; the stored key is the hash of the client's key. */
function fits(hash: string, signature: Buffer, proof: Buffer, storedKey: Buffer): boolean {
  if (proof.length !== signature.length) return false
  const clientKey = signature.map((byte, i) => byte ^ proof[i])
  return timingSafeEqual(createHash(hash).update(clientKey).digest(), storedKey)
}

function textOf(data: Uint8Array | undefined): string {
  return data === undefined || data.length > MOST_BYTES ? '' : Buffer.from(data).toString()
}

/** A name as it is meant; `undefined` where it holds an escape that is none. */
function plainName(saslName: string): string | undefined {
  if (/=(?!2C|3D)/.test(saslName)) return undefined
  return prepare(saslName.replaceAll('=2C', ',').replaceAll('=3D', '='))
}
