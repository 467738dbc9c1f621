/** From listener options to listeners. */
import type { Stack } from '@mqtt-stack/core'
import { BrokerListener } from './broker-listener.ts'
import type { Endpoint } from './endpoint.ts'
import type { ListenerConfig } from './options.ts'
import { tcpEndpoint } from './tcp.ts'
import { tlsEndpoint } from './tls.ts'
import { unixEndpoint } from './unix.ts'
import { webSocketEndpoint } from './websocket.ts'

/**
 * A listener that is not open yet.
 * @throws StackError `LISTEN_FAILED` when a certificate or key cannot be used.
 */
export function makeListener(config: ListenerConfig, stack: Stack): BrokerListener {
  return new BrokerListener(endpointOf(config, stack), stack)
}

function endpointOf(config: ListenerConfig, stack: Stack): Endpoint {
  switch (config.transport) {
    case 'tcp':
      return tcpEndpoint(config, stack)
    case 'tls':
      return tlsEndpoint(config, stack)
    case 'unix':
      return unixEndpoint(config, stack)
    default:
      return webSocketEndpoint(config, stack)
  }
}
