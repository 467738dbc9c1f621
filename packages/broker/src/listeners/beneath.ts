import type { Socket } from 'node:net'

/** The connection that TLS is spoken over; `undefined` where it is none that Node has put TLS on. */
export function beneath(socket: Socket): Socket | undefined {
  // Node has no other name for it.
  return (socket as Socket & { _parent?: Socket | null })._parent ?? undefined
}
