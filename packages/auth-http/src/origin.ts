/** What the service is told of a client, whatever it is asked. */
import type { Client } from '@mqtt-stack/core'
import type { Origin } from './messages.ts'

export function originOf({ id, protocolVersion, listener }: Client): Origin {
  const { remote, transport, name } = listener
  const address = remote === undefined ? undefined : withoutPort(remote)
  return {
    clientId: id,
    protocolVersion,
    transport,
    ...(address !== undefined && { address }),
    ...(name !== undefined && { listener: name }),
  }
}

/** `[::1]:1883` is `::1`. The port is another one for each connection, and no answer would be found again. */
function withoutPort(remote: string): string {
  return remote.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
