import type { MiddlewareLike } from '@mqtt-stack/core'
import type { Bench } from './bench.ts'

/** What stands for the managers: it forwards, and closes a connection whose session is taken over. */
export function watcherOf(bench: Bench): MiddlewareLike {
  const { forwards, drops, takenOver, told } = bench
  return {
    name: 'Watcher',
    handles: ['publish'],
    handle: (_client, packet) => {
      if (packet.cmd === 'publish') bench.onPublish(packet)
    },
    forwardMessage: (ctx, store) => {
      forwards.add(ctx)
      store.outcome = 'sent'
    },
    messageDropped: ({ clientId, packet, reason }) => {
      drops.push({ clientId, payload: packet.payload.toString(), reason })
    },
    nodeTold: (ctx) => {
      told.push(ctx)
    },
    sessionTakenOver: async ({ client }) => {
      if (client === undefined) return
      takenOver.push(client)
      await bench.onTakenOver(client)
      client.close()
    },
  }
}
