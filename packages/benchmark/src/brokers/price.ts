import { fileURLToPath } from 'node:url'
import type { Broker } from './broker.ts'
import { mqttStack } from './mqtt-stack.ts'

const SERVER = fileURLToPath(new URL('../servers/mqtt-stack.js', import.meta.url))

/** Our own with and without one more middleware, that does nothing: the first is what the others are compared with. */
export const priceLineup: readonly Broker[] = [
  variant('default', 'default'),
  variant('async handle', 'handle'),
  variant('callback by return', 'return'),
  variant('callback by next', 'next'),
]

function variant(name: string, argument: string): Broker {
  const { version, hint, features } = mqttStack
  return {
    name,
    version,
    hint,
    features: new Set([...features].filter((feature) => feature !== 'ws' && feature !== 'tls')),
    command: ({ port }) => ({ file: process.execPath, args: [SERVER, String(port), argument] }),
  }
}
