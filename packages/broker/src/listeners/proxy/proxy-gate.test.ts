import { Server, Socket } from 'node:net'
import { VirtualClock } from '@mqtt-stack/testing'
import { expect, test } from 'vitest'
import { AddressList } from '../address-list.ts'
import { ProxyGate } from './proxy-gate.ts'

test('a connection that is gone before it is looked at concerns nobody', () => {
  const [server, clock, refusals, served] = [new Server(), new VirtualClock(), [] as string[], [] as Socket[]]
  server.on('connection', (socket: Socket) => served.push(socket))
  const gate = new ProxyGate({
    from: new AddressList(['127.0.0.1']),
    timeout: 1_000,
    clock,
    refused: (_socket, reason) => refusals.push(reason),
  })
  gate.guard(server)
  // A socket without a connection has no address, as one that was reset.
  const socket = new Socket()
  server.emit('connection', socket)
  expect([socket.destroyed, refusals, served, clock.timers]).toEqual([true, [], [], 0])
})
