/** The default stack, alone or with one more middleware that does nothing: what does that cost everybody else? */
import type { MiddlewareLike } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'

const [port, variant] = process.argv.slice(2)

const extras: Readonly<Record<string, MiddlewareLike[]>> = {
  default: [],
  handle: [{ name: 'Extra', handles: ['publish'], async handle() {} }],
  return: [{ name: 'Extra', relayMessage() {} }],
  next: [
    {
      name: 'Extra',
      relayMessage(_ctx, _store, next) {
        next()
      },
    },
  ],
}

const broker = createBroker({ listeners: [{ transport: 'tcp', port: Number(port) }], use: extras[variant] })
await broker.listen()
process.once('SIGTERM', () => process.exit(0))
