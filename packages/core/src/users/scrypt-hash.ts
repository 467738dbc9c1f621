/** What is kept of a password by Node alone. */
import { randomBytes, scrypt } from 'node:crypto'

/** 16 MiB, and about as much work as an attacker should have, says OWASP. */
const WRITTEN = { ln: 14, r: 8, p: 5 }
const SIZE = 32

/** The hash of a password for a file of users: `$scrypt$ln=14,r=8,p=5$SALT$HASH`, which `auth-password` verifies. */
export function scryptHash(password: Uint8Array): Promise<string> {
  const { ln, r, p } = WRITTEN
  const salt = randomBytes(16)
  const options = { cost: 2 ** ln, blockSize: r, parallelization: p }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, SIZE, options, (error, hash) => {
      if (error) reject(error)
      else resolve(`$scrypt$ln=${ln},r=${r},p=${p}$${bare(salt)}$${bare(hash)}`)
    })
  })
}

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
