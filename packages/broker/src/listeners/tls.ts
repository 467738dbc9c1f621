/** TLS, with client certificates where authorities are named. */
import { createServer } from 'node:tls'
import type { Resolved, Stack } from '@mqtt-stack/core'
import { Certificates } from './certificates.ts'
import type { Endpoint } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { TlsListenerOptions } from './options.ts'

/** @throws StackError `LISTEN_FAILED` naming what of certificates, keys and authorities cannot be used. */
export function tlsEndpoint(config: Resolved<TlsListenerOptions>, stack: Stack): Endpoint {
  const certificates = new Certificates(config, stack)
  const ALPNProtocols = [...config.alpn]
  const endpoint = portEndpoint(config, stack, (serve) => {
    const watching = certificates.watching(serve)
    return certificates.makeServer((options) =>
      createServer({ ALPNProtocols, ...options }, (socket) => watching(socket, socket)),
    )
  })
  return { ...endpoint, certificates, handshakeTimeout: config.handshakeTimeout }
}
