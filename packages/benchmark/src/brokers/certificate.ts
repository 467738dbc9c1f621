import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/**
 * A self-signed certificate for a TLS run, valid for a day. Node cannot make one, and the benchmark should need
 * no program for it: the DER of X.509 (RFC 5280) is written here by hand.
 */
export function createCertificate(name: string): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))))
  const now = Date.now()
  const validity = sequence(utcTime(now - DAY_MS), utcTime(now + DAY_MS))
  const serial = der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)]))
  const info = publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(VERSION_3, serial, ECDSA_SHA256, subject, validity, subject, info)
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, ECDSA_SHA256, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

export const DAY_MS: number = 24 * 60 * 60 * 1000
export const VERSION_3: Buffer = der(0xa0, der(0x02, Buffer.of(2)))
// 2.5.4.3
export const COMMON_NAME: Buffer = der(0x06, Buffer.of(0x55, 4, 3))
// 1.2.840.10045.4.3.2
export const ECDSA_SHA256: Buffer = sequence(der(0x06, Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)))

export function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

/** YYMMDDhhmmssZ. */
export function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
