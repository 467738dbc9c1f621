/** TLS, with client certificates where authorities are named. */

import { Buffer } from 'node:buffer'
import { constants, X509Certificate } from 'node:crypto'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { createSecureContext, createServer } from 'node:tls'
import type { Resolved, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Endpoint } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { TlsListenerOptions, WssListenerOptions } from './options.ts'

type Secured = Resolved<TlsListenerOptions> | Resolved<WssListenerOptions>

/** @throws StackError `LISTEN_FAILED` naming what of certificate, key and authorities cannot be used. */
export function tlsEndpoint(config: Resolved<TlsListenerOptions>, stack: Stack): Endpoint {
  return portEndpoint(config, stack, (serve) =>
    createServer({ ALPNProtocols: [...config.alpn], ...secureOptions(config) }, (socket) =>
      serve(socket, socket),
    ),
  )
}

/**
 * What node:tls and node:https are told.
 * @throws StackError `LISTEN_FAILED` naming what of certificate, key and authorities cannot be used.
 */
export function secureOptions(config: Secured): TlsOptions {
  const { transport, cert, key, passphrase, ca, handshakeTimeout, minVersion, maxVersion, ciphers, tls } =
    config
  const options = { cert, key, passphrase, ca, minVersion, maxVersion, ciphers } as SecureContextOptions
  const check = (what: string, use: () => unknown, fix = 'give PEM text'): void => {
    try {
      use()
    } catch (error) {
      const text = `${transport} listener: ${what} cannot be used: ${fix} (${(error as Error).message})`
      throw new StackError('LISTEN_FAILED', text, { cause: error })
    }
  }
  check('the certificate (option "cert")', () => createSecureContext({ ...tls, cert: options.cert }))
  check('the private key (option "key")', () => createSecureContext({ ...tls, key: options.key, passphrase }))
  check('the list of authorities (option "ca")', () => ca !== undefined && readCertificates(ca))
  check(
    'the ciphers (option "ciphers")',
    () => createSecureContext({ ciphers }),
    'name ciphers as OpenSSL does, with colons in between',
  )
  check('the certificate with the private key (options "cert" and "key")', () =>
    createSecureContext({ ...options, ...tls }),
  )
  const tickets = config.sessionTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }
  const certificates = ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }
  return { ...options, ...certificates, ...tickets, handshakeTimeout, ...tls }
}

/** Node passes over authorities that it cannot read: nobody would be let in, and nobody told why. */
function readCertificates(pem: string | Uint8Array): void {
  const begin = '-----BEGIN '
  const [, ...blocks] = (typeof pem === 'string' ? pem : Buffer.from(pem).toString()).split(begin)
  if (blocks.length === 0) throw new Error('no certificate in it')
  for (const block of blocks) new X509Certificate(begin + block)
}
