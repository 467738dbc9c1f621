import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { aedes } from './aedes.ts'
import type { Broker } from './broker.ts'
import { mqttStack } from './mqtt-stack.ts'

const SERVER = fileURLToPath(new URL('../servers/cluster.js', import.meta.url))
const REDIS = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find(existsSync)

/**
 * Several nodes over one Redis, which each run starts afresh: broker processes and Redis share what one broker has
 * in the other comparisons.
 */
export const clusterLineup: readonly Broker[] = [
  overRedis('redis', mqttStack),
  overRedis('aedes-redis', aedes),
]

function overRedis(name: string, { version }: Broker): Broker {
  return {
    name,
    version: REDIS === undefined ? undefined : version,
    hint: 'apt-get install redis-server, pnpm build',
    features: new Set(['cluster', 'qos1']),
    command: ({ nodePorts, sparePort, directory }) => ({
      file: process.execPath,
      args: [SERVER, name, REDIS ?? '', directory, String(sparePort), ...nodePorts.map(String)],
    }),
  }
}
