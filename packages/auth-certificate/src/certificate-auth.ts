import type { Context, OptionsSpec, Store } from '@mqtt-stack/core'
import { Middleware } from '@mqtt-stack/core'
import type { NameSource } from './names.ts'
import { NAME_SOURCES, nameOf, unitsOf } from './names.ts'

export interface CertificateAuthOptions {
  username?: NameSource
  groups?: 'none' | 'ou'
}

export const CERTIFICATE_AUTH_OPTIONS: OptionsSpec<CertificateAuthOptions> = {
  username: {
    kind: 'string',
    default: 'cn',
    choices: Object.keys(NAME_SOURCES),
    live: true,
    doc: 'What of the certificate is the user name: the common name (`cn`), the whole `subject` as RFC 2253 writes it, or the first alternative name of a kind (`email`, `dns`, `uri`).',
  },
  groups: {
    kind: 'string',
    default: 'none',
    choices: ['none', 'ou'],
    live: true,
    doc: 'Groups of the client, for access rules: none, or the organizational units of its subject (`ou`).',
  },
}

/**
 * Lets in whoever came with a certificate that the listener has verified, under the name in it; a user name and a
 * password in the CONNECT change nothing about that. Whoever came without one is left to other providers.
 */
export class CertificateAuth extends Middleware<CertificateAuthOptions> {
  constructor(options?: CertificateAuthOptions) {
    super(options, CERTIFICATE_AUTH_OPTIONS)
  }

  authenticateConnection(
    { client }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): void {
    const certificate = client.listener.certificate?.()
    if (certificate === undefined) return
    const { username, groups } = this.config
    const name = nameOf(certificate, username)
    if (name === undefined) {
      store.reason ??= `its certificate has no ${NAME_SOURCES[username]} that can be a user name`
      return
    }
    store.valid = true
    store.identity = name
    if (groups === 'ou') store.groups = unitsOf(certificate)
  }
}
