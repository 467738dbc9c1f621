import { parseArgs } from 'node:util'

export interface Options {
  readonly scenarios: readonly string[]
  readonly peers: readonly string[]
  /** Names of brokers; empty means every one there is. */
  readonly only: readonly string[]
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  /** Compare mqtt-stack with itself and one more middleware. */
  readonly price: boolean
  /** Compare mqtt-stack with itself on the Node at this path. */
  readonly node: string | undefined
  /** Compare brokers that keep sessions on disk. */
  readonly durable: boolean
  readonly report: boolean
  readonly pin: boolean
  readonly list: boolean
  readonly help: boolean
}

export const USAGE = `Usage: pnpm bench [scenario...] [options]

  scenario...        names or groups from --list, or "all"; default: pair0 pair1 fanout0
  --peer 'command'   one more broker: {port} stands for the port it is to listen on (also {ws-port}, {cert}, {key});
                     may be given more than once
  --only a,b         of the brokers mqtt-stack, aedes, mosquitto, mosquitto-nodelay and relay, these
                     (without it: all but mosquitto-nodelay)
  --price            instead of with others, mqtt-stack is compared with itself and one more middleware that does
                     nothing: async handle, callback by return, callback by next; default scenarios: pair0 pair1
  --node PATH        ... and here with itself on another Node
  --durable          ... and here brokers that keep sessions on disk: mqtt-stack with LMDB (and in memory), Mosquitto with
                     persistence, Aedes with LevelDB; default scenario: stored1
  --runs N           rounds, each with every broker started afresh and in turn (3)
  --seconds N        measured in each (3)
  --warmup N         seconds before that (2)
  --pin              broker on the first core, load on the second (Linux, taskset)
  --report           keep the rows in packages/benchmark/results, in the place of older ones, and write docs/benchmark.md
                     and its chart from all that are kept; default scenarios: all
  --list             print the scenarios and end
  --help`

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peer: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      warmup: { type: 'string', default: '2' },
      price: { type: 'boolean', default: false },
      node: { type: 'string' },
      durable: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { peer, only, runs, seconds, warmup, price, node, durable, report, pin, list, help } = values
  const own = price || node !== undefined || durable
  if (Number(price) + Number(node !== undefined) + Number(durable) > 1)
    throw new Error('--price, --node and --durable are comparisons of their own: one at a time')
  if (own && (peer.length > 0 || only)) throw new Error('--price, --node and --durable take no other brokers')
  return {
    scenarios: positionals.length > 0 ? positionals : usual(price, durable, report && !own),
    peers: peer,
    only: only.split(',').filter(Boolean),
    runs: atLeast(1, 'runs', runs, true),
    seconds: atLeast(0.1, 'seconds', seconds),
    warmup: atLeast(0, 'warmup', warmup),
    price,
    node,
    durable,
    report,
    pin,
    list,
    help,
  }
}

function usual(price: boolean, durable: boolean, all: boolean): string[] {
  if (durable) return ['stored1']
  if (price) return ['pair0', 'pair1']
  return all ? ['all'] : []
}

function atLeast(least: number, name: string, text: string, whole = false): number {
  const value = Number(text)
  if (!(value >= least) || (whole && !Number.isInteger(value))) {
    throw new Error(`--${name} is ${text}: it must be a${whole ? ' whole' : ''} number from ${least} on`)
  }
  return value
}
