import type { Feature } from '../scenarios/scenario.ts'
import type { Broker } from './broker.ts'

const EVERY: readonly Feature[] = [
  'qos1',
  'qos2',
  'unsubscribe',
  'retain',
  'sessions',
  'v5',
  'shared',
  'attack',
]

/**
 * Any other broker, by the command that starts it, as a shell would take it: `{port}` is where it is to listen
 * on loopback. `{ws-port}` in its place makes a WebSocket broker of it, `{cert}` and `{key}` beside it a TLS one.
 */
export function commandBroker(template: string): Broker {
  const features = new Set<Feature>(EVERY)
  if (template.includes('{ws-port}')) features.add('ws')
  if (template.includes('{cert}')) features.add('tls')
  if (!template.includes('{port}') && !features.has('ws')) {
    throw new Error(`--peer "${template}" does not say where {port} goes`)
  }
  return {
    name: nameOf(template),
    version: 'command',
    hint: '',
    features,
    command({ transport, port, sparePort, cert, key }) {
      const line = template
        .replaceAll('{ws-port}', String(transport === 'ws' ? port : sparePort))
        .replaceAll('{port}', String(transport === 'ws' ? sparePort : port))
        .replaceAll('{cert}', cert)
        .replaceAll('{key}', key)
      // `exec`, so that the shell's process becomes the broker's.
      return { file: 'sh', args: ['-c', `exec ${line}`] }
    },
  }
}

/** The script's name, or else the program's. */
function nameOf(template: string): string {
  const words = template.trim().split(/\s+/)
  const word = words.find((each) => /\.[cm]?js$/.test(each)) ?? words[0]
  return word.slice(word.lastIndexOf('/') + 1)
}
