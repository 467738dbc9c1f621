import type { Options } from '../options.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Broker } from './broker.ts'
import { clusterLineup } from './cluster.ts'
import { commandBroker } from './command.ts'
import { DURABLE, durableLineup } from './durable.ts'
import { brokers } from './index.ts'
import { mqttStack } from './mqtt-stack.ts'
import { nodeLineup } from './node.ts'
import { priceLineup } from './price.ts'

/**
 * What is compared: mqtt-stack with other brokers, with itself and one more middleware, with itself on another Node,
 * brokers that keep sessions on disk, or nodes over one Redis.
 */
export type LineupName = 'peers' | 'price' | 'node' | 'durable' | 'cluster'

export interface Lineup {
  readonly name: LineupName
  /** The first is what all others are compared with. */
  readonly brokers: readonly Broker[]
}

/** Those that take part; who is not installed is left out, and `tell` is given a line about it. */
export function chooseLineup(
  options: Options,
  chosen: readonly Scenario[],
  tell: (line: string) => void,
): Lineup {
  const clusters = chosen.filter(({ nodes }) => nodes !== undefined)
  if (clusters.length > 0) {
    if (clusters.length < chosen.length)
      throw new Error('cluster1 and cluster3 are a comparison of their own: name no other scenarios')
    return { name: 'cluster', brokers: present(clusterLineup, tell) }
  }
  if (options.price) return { name: 'price', brokers: present(priceLineup, tell) }
  if (options.durable) return { name: 'durable', brokers: present(durableLineup, tell) }
  if (options.node) return { name: 'node', brokers: present(nodeLineup(options.node), tell) }
  for (const name of options.only) {
    if (!brokers.some((broker) => broker.name === name))
      throw new Error(`--only: there is no broker "${name}"`)
  }
  if (options.report && options.only.length > 0 && !options.only.includes(mqttStack.name))
    throw new Error(`--report compares with ${mqttStack.name}: name it in --only too`)
  const asked = brokers.filter(({ name, extra }) => {
    return options.only.length > 0 ? options.only.includes(name) : options.report || !extra
  })
  // Two peers may be the same program with other flags.
  const peers = options.peers.map(commandBroker).map((peer, i, all) => {
    const twice = all.filter(({ name }) => name === peer.name).length > 1
    return twice ? { ...peer, name: `${peer.name}#${i + 1}` } : peer
  })
  return { name: 'peers', brokers: [...present(asked, tell), ...peers] }
}

/** Whether a column of this lineup is mqtt-stack itself. */
export function isOurs(lineup: LineupName, broker: string): boolean {
  if (lineup === 'durable') return DURABLE.has(broker)
  if (lineup === 'cluster') return broker === clusterLineup[0].name
  return lineup !== 'peers' || broker === mqttStack.name
}

function present(asked: readonly Broker[], tell: (line: string) => void): Broker[] {
  return asked.filter(({ name, version, hint }) => {
    if (version === undefined) tell(`${name} is left out: it is not there (${hint})`)
    return version !== undefined
  })
}
