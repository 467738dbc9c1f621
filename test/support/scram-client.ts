import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) and SCRAM-SHA-512, for tests that drive it by hand. */
export class ScramClient {
  readonly #password: string
  readonly #bare: string
  #serverKey: Uint8Array = Buffer.alloc(0)
  #said = ''
  readonly #hash: 'sha256' | 'sha512'

  constructor(
    user: string,
    password: string,
    nonce: string = randomBytes(18).toString('base64'),
    hash: 'sha256' | 'sha512' = 'sha256',
  ) {
    this.#hash = hash
    this.#password = password
    this.#bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  }

  /** client-first-message */
  first(): Buffer {
    return Buffer.from(`n,,${this.#bare}`)
  }

  /** client-final-message, in answer to the server-first-message. */
  final(serverFirst: Uint8Array | undefined): Buffer {
    const challenge = Buffer.from(serverFirst ?? []).toString()
    const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? []
    if (iterations === undefined) throw new Error(`not a server-first-message: ${challenge}`)
    const unproven = `c=biws,r=${nonce}`
    this.#said = `${this.#bare},${challenge},${unproven}`
    const hash = this.#hash
    const size = hash === 'sha256' ? 32 : 64
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), Number(iterations), size, hash)
    const clientKey = hmac(hash, salted, 'Client Key')
    this.#serverKey = hmac(hash, salted, 'Server Key')
    const signature = hmac(hash, createHash(hash).update(clientKey).digest(), this.#said)
    const proof = clientKey.map((byte, i) => byte ^ signature[i])
    return Buffer.from(`${unproven},p=${Buffer.from(proof).toString('base64')}`)
  }

  /** Whether the server-final-message shows that the server knows the user. */
  trusts(serverFinal: Uint8Array | undefined): boolean {
    const signature = hmac(this.#hash, this.#serverKey, this.#said).toString('base64')
    return Buffer.from(serverFinal ?? []).toString() === `v=${signature}`
  }
}

function hmac(hash: string, key: Uint8Array, text: string): Buffer {
  return createHmac(hash, key).update(text).digest()
}
