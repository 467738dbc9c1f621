import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { aedes } from './aedes.ts'
import type { Broker } from './broker.ts'
import { mosquittoWith } from './mosquitto.ts'
import { mqttStack } from './mqtt-stack.ts'

const AEDES = fileURLToPath(new URL('../servers/aedes.js', import.meta.url))

/** Ours, which must lose nothing in any scenario. */
export const DURABLE: ReadonlySet<string> = new Set(['lmdb', 'lmdb-interval', 'memory'])

/**
 * What it costs to keep sessions. Ours with LMDB is flushed to the disk before anything is acknowledged, or within about a
 * second (`interval`); Mosquitto writes a snapshot now and then, and Aedes writes to LevelDB and flushes nothing.
 */
export const durableLineup: readonly Broker[] = [
  onLmdb('lmdb', 'commit'),
  onLmdb('lmdb-interval', 'interval'),
  { ...mqttStack, name: 'memory' },
  {
    ...mosquittoWith('mosquitto-persistence', ({ directory }) => [
      'persistence true',
      `persistence_location ${directory}/`,
    ]),
  },
  {
    ...aedes,
    name: 'aedes-level',
    command: ({ transport, port, directory, cert, key }) => ({
      file: process.execPath,
      args: [AEDES, String(port), transport, cert, key, join(directory, 'level')],
    }),
  },
]

function onLmdb(name: string, sync: string): Broker {
  return {
    ...mqttStack,
    name,
    command(listen) {
      const { file, args } = mqttStack.command(listen)
      return { file, args: [...args, '--data', join(listen.directory, 'data'), '--sync', sync] }
    },
  }
}
