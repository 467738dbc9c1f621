/** For stacks that lack what answers a CONNECT. */
import type { MiddlewareLike } from '@mqtt-stack/core'

/**
 * A middleware that accepts every CONNECT: names the session, and sends CONNACK. Put it last in a stack without
 * session-manager, so that the middleware under test can be connected to.
 */
export function acceptAll(): MiddlewareLike {
  return {
    name: 'AcceptAll',
    handles: ['connect'],
    handle(client, packet) {
      if (packet.cmd !== 'connect') return
      client.session.clientId = packet.clientId
      client.accept()
      const returnCode = client.protocolVersion === 5 ? { reasonCode: 0 } : { returnCode: 0 }
      client.write({ cmd: 'connack', sessionPresent: false, ...returnCode })
    },
  }
}
