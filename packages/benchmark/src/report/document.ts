import type { LineupName } from '../brokers/lineup.ts'
import { isOurs } from '../brokers/lineup.ts'
import { conditions } from './conditions.ts'
import { handWritten } from './hand-written.ts'
import type { Result } from './results.ts'
import { faultsOf } from './summary.ts'
import { figureTable, ownTable, ratioTable, shareTable } from './tables.ts'
import { crowdLine, faultLines, loadLines } from './warnings.ts'

const HOW_TO = `
mqtt-stack beside Aedes, Mosquitto and a bare relay: the same load, one broker after the other, compared within a run.

## How to run it

\`\`\`sh
pnpm bench                               # pair0, pair1 and fanout0, printed
pnpm bench all --report                  # everything, written to this page; takes most of an hour
pnpm bench pair0 --report                # one scenario again: its row is replaced, all others stay
pnpm bench --price --report              # what one more middleware costs
pnpm bench --node /path/to/node --report # the broker on another Node
pnpm bench --durable --report            # what it costs to keep sessions
pnpm bench cluster1 cluster3 --report    # several nodes over one Redis
\`\`\`

What was measured is kept in \`packages/benchmark/results\`, a file a row, and this page is written from there, but for
the section between the \`hand-written\` markers. How it measures: [packages/benchmark](../packages/benchmark).

## Conditions
`

const RATIOS = `
## Ratios

\`to aedes\` and so on: mqtt-stack's figure divided by that broker's, in the same round. Of what is counted a second, more
is better; of times, bytes and latencies, less is. \`mosquitto\` runs with its defaults, its Nagle delay included, and
\`mosquitto-nodelay\` with \`set_tcp_nodelay true\`, as mqtt-stack does. \`relay\` is not a broker: it copies frames from socket
to socket, QoS 0 only, and shows what Node itself allows. \`its core\`: the share of a core that mqtt-stack took.
`

const SHARES = `
## Processor shares

Of one core: the broker's, then the load's. Over 100 %: more than one thread was at work.
`

const PRICE = `
## The price of a middleware

The default stack, and the same with one more middleware that does nothing, in brackets as a ratio to the default stack:
an \`async handle() {}\` for PUBLISH, a \`relayMessage\` handler that returns, and one that calls \`next\`.
`

const DURABLE = `
## What it costs to keep sessions

QoS 1 to subscribers whose sessions outlive their connections: each message is stored before its publisher gets PUBACK. \`lmdb\` flushes each commit to the disk first,
\`lmdb-interval\` within about a second; \`memory\` is mqtt-stack without \`--data\`. Mosquitto, with persistence on, writes a snapshot now and then, and Aedes, with
aedes-persistence-level, flushes nothing.
`

const CLUSTER = `
## Several nodes

Over one Redis, which every run starts afresh (append-only file, flushed once a second): mqtt-stack with \`--redis\`, and Aedes with aedes-persistence-redis and mqemitter-redis.
Redis, all nodes and the load share the machine's two cores: what is said is the work of a message, not what more machines carry.
`

const NODE = `
## Another Node

The same broker and load; only the broker's Node differs. In brackets the ratio to the first.
`

/** The page: `before` is what it was, for the part that people write. */
export function document(results: readonly Result[], before: string): string {
  const peers = of(results, 'peers')
  const price = of(results, 'price')
  const node = of(results, 'node')
  const durable = of(results, 'durable')
  const cluster = of(results, 'cluster')
  const told = linesOf(results, faultLines)
  const care = [...linesOf(results, loadLines), ...linesOf(results, crowdLine)]
  const parts = [
    '# Benchmark',
    HOW_TO,
    ...conditions(results).map((line) => `- ${line}`),
    `- Measured ${dates(results)}.`,
    ...when(peers, () => [RATIOS, ...ratioTable(peers), '', '## Figures', '', ...figureTable(peers), '']),
    ...when(peers, () => ['![Messages a second by scenario and broker](benchmark.svg)']),
    ...when(peers, () => [SHARES, ...shareTable(peers)]),
    ...when(durable, () => [DURABLE, ...ratioTable(durable), '', ...figureTable(durable)]),
    ...when(cluster, () => [CLUSTER, ...ratioTable(cluster), '', ...figureTable(cluster)]),
    ...when(price, () => [PRICE, ...ownTable(price)]),
    ...when(node, () => [NODE, ...ownTable(node)]),
    '\n## Deliveries\n',
    verdict(results),
    ...(told.length > 0 ? ['', ...told] : []),
    ...(care.length > 0 ? ['\n## To be read with care\n', ...care] : []),
    '\n## What is left, per scenario\n',
    handWritten(before),
    '\n## The scenarios\n',
    ...[...new Set(results.map(({ scenario }) => scenario))].map(({ name, about, conditions }) => {
      return `- **${name}**: ${about}${conditions ? ` (${conditions})` : ''}`
    }),
    '',
  ]
  return parts.join('\n')
}

function of(results: readonly Result[], lineup: LineupName): Result[] {
  return results.filter((result) => result.lineup === lineup)
}

function linesOf(results: readonly Result[], lines: (row: Result) => string[]): string[] {
  return results.flatMap((row) => lines(row).map((line) => `- ${row.scenario.name}: ${line}`))
}

function when(rows: readonly Result[], lines: () => string[]): string[] {
  return rows.length > 0 ? lines() : []
}

function dates(results: readonly Result[]): string {
  const all = results.map(({ setting }) => setting.date).sort()
  return all[0] === all.at(-1) ? `on ${all[0]}` : `from ${all[0]} to ${all.at(-1)}`
}

function verdict(results: readonly Result[]): string {
  const faulty = results.some(({ lineup, columns }) =>
    columns.some((column) => isOurs(lineup, column.broker) && faultsOf(column) !== ''),
  )
  return faulty
    ? 'mqtt-stack has lost, doubled, reordered or altered messages: see below.'
    : 'mqtt-stack has lost, doubled, reordered and altered no message, in any scenario and round.'
}
