import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCertificate } from './certificate.ts'

describe('a certificate of a run', () => {
  it('is one that its own key has signed', () => {
    const { cert, key } = createCertificate('localhost')
    const certificate = new X509Certificate(cert)
    expect(certificate.subject).toBe('CN=localhost')
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(new Date(certificate.validTo).getTime()).toBeGreaterThan(Date.now())
  })
})
