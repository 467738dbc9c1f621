/** The bound of a WebSocket message before CONNECT is accepted; the one of the server is for those behind it. */
import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Client } from '@mqtt-stack/core'
import type { WebSocket } from 'ws'

/** A message may be larger than the packet in it, and what came in one piece with the message before is counted too. */
export const SLACK = 65_536

/** Cuts off who sends more than the stack's `connectLimit` and some slack in one message before it is accepted. */
export function limitEarly(webSocket: WebSocket, socket: Socket, client: Client): void {
  const limit = client.stack.config.connectLimit + SLACK
  let unread = 0
  const onMessage = (): void => {
    unread = 0
  }
  const onData = (chunk: Buffer): void => {
    unread += chunk.length
    if (client.connected) {
      socket.off('data', onData)
      webSocket.off('message', onMessage)
    } else if (unread > limit) {
      webSocket.terminate()
      const reason = `more than ${limit} bytes in a WebSocket message before it is accepted`
      client.close(undefined, { reason })
    }
  }
  socket.on('data', onData)
  webSocket.on('message', onMessage)
}
