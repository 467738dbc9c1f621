import type { Server } from 'node:net'
import type { Stack } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import { AddressList } from './address-list.ts'
import { Peer } from './peer.ts'
import type { Place } from './place.ts'
import { ProxyGate } from './proxy/proxy-gate.ts'
import { refusedAt } from './refused-at.ts'

/**
 * From now on each connection of a server begins with a PROXY header, or is refused and told.
 * @param from The proxies; without it whoever reaches the server is one.
 * @param timeout How long a header may take, in ms.
 */
export function expectProxy(
  server: Server,
  place: Place,
  stack: Stack,
  from: readonly string[] | undefined,
  timeout: number,
): void {
  place.gate = new ProxyGate({
    from: from && new AddressList(from),
    timeout,
    clock: stack.clock,
    refused(socket, reason) {
      refusedAt(stack, new Peer(place, socket), ReasonCode.UNSPECIFIED_ERROR, reason)
    },
  })
  place.gate.guard(server)
}
