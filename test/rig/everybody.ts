import type { MiddlewareLike } from '@mqtt-stack/core'

/** Lets everybody in, under the name that it presents, and allows everything. */
export const everybody: MiddlewareLike = {
  name: 'Everybody',
  authenticateConnection(_ctx, store) {
    store.valid = true
  },
  authorizePacket(_ctx, store) {
    store.valid = true
  },
}
