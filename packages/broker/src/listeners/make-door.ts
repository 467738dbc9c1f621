/** From listener options to doors. */
import type { Stack } from '@mqtt-stack/core'
import { Door } from './door.ts'
import type { Entrance } from './entrance.ts'
import type { ListenerConfig } from './options.ts'
import { tcpEntrance } from './tcp.ts'
import { tlsEntrance } from './tls.ts'
import { unixEntrance } from './unix.ts'
import { webSocketEntrance } from './websocket.ts'

/**
 * A door that is not open yet.
 * @throws StackError `LISTEN_FAILED` when a certificate or key cannot be used.
 */
export function makeDoor(config: ListenerConfig, stack: Stack): Door {
  return new Door(entrance(config, stack), stack)
}

function entrance(config: ListenerConfig, stack: Stack): Entrance {
  switch (config.transport) {
    case 'tcp':
      return tcpEntrance(config, stack)
    case 'tls':
      return tlsEntrance(config, stack)
    case 'unix':
      return unixEntrance(config, stack)
    default:
      return webSocketEntrance(config, stack)
  }
}
