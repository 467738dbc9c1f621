import type { Plan } from '../load/plan.ts'
import type { FlowOptions } from './flow.ts'
import { flow, USUAL } from './flow.ts'
import { measureLatency, PERCENTILES } from './latency.ts'
import { pairs } from './layouts.ts'
import type { Scenario } from './scenario.ts'

const PAIRS = 12
const IN_FLIGHT = 8

/** Each pair at a node of its own, in turn. */
const near: Plan['node'] = (_, index, nodes) => index % nodes
/** A publisher and its subscriber are at different nodes. */
const far: Plan['node'] = (client, index, nodes) => (index + Number(client === 'subscriber')) % nodes

/** Several brokers over one Redis. */
export const clusters: readonly Scenario[] = [
  ...both('cluster1', 1, 'near', 'within the one node', near),
  ...both('cluster3', 3, 'near', 'within each of three nodes', near),
  ...both('cluster3', 3, 'far', 'from each of three nodes to the next', far),
]

function both(
  group: string,
  nodes: number,
  kind: string,
  where: string,
  node: Plan['node'],
): readonly Scenario[] {
  const settings = ([0, 1] as const).map((qos): readonly [0 | 1, Scenario['needs']] => [
    qos,
    qos === 0 ? ['cluster'] : ['cluster', 'qos1'],
  ])
  return settings.flatMap(([qos, needs]) => {
    const shared = { group, nodes, needs }
    const options: FlowOptions = { layout: pairs(PAIRS), qos, node, scenario: shared }
    return [
      flow(
        `${group}-${kind}${qos}`,
        `${PAIRS} publishers to ${PAIRS} subscribers ${where}, QoS ${qos}`,
        options,
      ),
      {
        ...shared,
        name: `${group}-${kind}${qos}-latency`,
        about: `time from publish to delivery ${where}, ${IN_FLIGHT} messages in flight, QoS ${qos}`,
        metrics: PERCENTILES,
        run: (bench) =>
          measureLatency(bench, { ...USUAL, batch: 1, window: IN_FLIGHT, ...pairs(IN_FLIGHT), qos, node }),
      },
    ]
  })
}
