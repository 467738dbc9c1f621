/** What is wrong with options of certificates. */
import { isListOfText, show } from './check-values.ts'
import type { CertificateOptions } from './option-rows.ts'
import { fileOf } from './pem.ts'

const PEM = 'PEM text, its bytes, or { file: path }'

/** In words; undefined where nothing is. */
export function wrongCertificate(config: Partial<CertificateOptions>): string | undefined {
  const { certificates, clientCertificate, ca, crl, tls } = config
  for (const option of ['cert', 'key', 'ca', 'crl'] as const) {
    const given = config[option]
    if (given !== undefined && !isPem(given)) return `option "${option}" must be ${PEM}, not ${show(given)}`
  }
  if (certificates !== undefined && !(Array.isArray(certificates) && certificates.every(isNamed)))
    return `option "certificates" must be a list of { names, cert, key }, where names is a list of names, and cert and key are each ${PEM}`
  if (ca !== undefined || tls?.ca !== undefined) return undefined
  if (crl !== undefined) return 'option "crl" needs "ca", the authorities whose lists they are'
  if (clientCertificate === 'optional')
    return 'option "clientCertificate" needs "ca", the authorities of such certificates'
  return undefined
}

function isNamed(value: unknown): boolean {
  const { names, cert, key } = (value ?? {}) as Readonly<Record<string, unknown>>
  return isListOfText(names) && isPem(cert) && isPem(key)
}

function isPem(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  const file = typeof value === 'object' && value !== null && fileOf(value as { file: string })
  return typeof file === 'string' && file !== ''
}
