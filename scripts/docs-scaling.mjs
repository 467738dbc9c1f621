// The calculations of docs/scaling.md, from the measured costs in docs/scaling.json.

/**
 * Times in µs of one processor, sizes in bytes.
 * @typedef {object} Costs
 * @property {string} measured When and on what.
 * @property {{ qos0: number, qos1: number }} nodeMicroseconds A message from a node to another: both nodes together.
 * @property {{ qos0: number, qos1: number, entry: number, command: number }} redisMicroseconds
 * @property {number} idleCommandsPerSecond
 * @property {number} leaseMilliseconds
 * @property {{ session: number, subscription: number, queued: number, copy: number, retained: number }} redisBytes
 * @property {{ route: number }} nodeBytes
 * @property {number} use How much of a processor is used, at the most.
 */

const NODES = [3, 10, 100, 1_000]
const SESSIONS = [10_000, 100_000, 1_000_000, 10_000_000]
/** What a session has in the second table. */
const QUEUED = 10
/** Nodes that have the subscribers, where devices speak to services. */
const SERVICES = 3
const GIB = 2 ** 30

/** @param {Costs} costs */
export function costsTable({ nodeMicroseconds, redisMicroseconds, redisBytes, nodeBytes }) {
  return table(
    ['what', 'at the nodes', 'in Redis'],
    [
      ['a message of QoS 0 to another node', micro(nodeMicroseconds.qos0), micro(redisMicroseconds.qos0)],
      ['a message of QoS 1 to another node', micro(nodeMicroseconds.qos1), micro(redisMicroseconds.qos1)],
      ['an entry: what one node has for another at a moment', '', micro(redisMicroseconds.entry)],
      ['a stored session', '', `${redisBytes.session} bytes`],
      ['a subscription of it', '', `${redisBytes.subscription} bytes`],
      ['a message that waits for one session', '', `${redisBytes.queued} bytes and its payload beyond 32`],
      ['a message that waits for many', '', `${redisBytes.copy} bytes for each, and the message once`],
      ['a retained message', 'in the memory of every node', `${redisBytes.retained} bytes`],
      ['a route: a filter that a node has subscribers of', `${nodeBytes.route} bytes, at every node`, ''],
    ],
  )
}

/** @param {Costs} costs */
export function nodesTable(costs) {
  const { nodeMicroseconds, redisMicroseconds: redis, use, nodeBytes } = costs
  const second = 1e6 * use
  /** @type {[string, (nodes: number) => string][]} */
  const rows = [
    [
      'messages of QoS 1 a second that the nodes can send each other',
      (n) => count((n * second) / nodeMicroseconds.qos1),
    ],
    ['of QoS 0', (n) => count((n * second) / nodeMicroseconds.qos0)],
    ['ways from node to node', (n) => count(n * (n - 1))],
    ['one Redis: each way has an entry every', (n) => duration((n * (n - 1) * redis.entry) / second)],
    [
      'one Redis: the same, with subscribers at 3 nodes alone',
      (n) => duration((n * SERVICES * redis.entry) / second),
    ],
    [
      'masters of a Cluster for an entry every 0.1 s',
      (n) => count(Math.ceil((n * (n - 1) * redis.entry) / second / 0.1)),
    ],
    [
      'a new filter, told to all and marked by all: time of Redis',
      (n) => duration((2 * (n - 1) * redis.entry) / 1e6),
    ],
    ['the beat of idle nodes: share of one Redis', (n) => share(beat(n, costs))],
    [
      '1,000,000 routes in the memory of every node',
      () => `${((1e6 * nodeBytes.route) / GIB).toFixed(1)} GiB`,
    ],
  ]
  return table(
    ['', ...NODES.map((n) => `${count(n)} nodes`)],
    rows.map(([what, of]) => [what, ...NODES.map(of)]),
  )
}

/** @param {Costs} costs */
export function storeTable({ redisBytes: { session, subscription, queued } }) {
  return table(
    ['stored sessions', 'with a subscription', `and ${QUEUED} messages that wait`],
    SESSIONS.map((n) => [
      count(n),
      size(n * (session + subscription)),
      size(n * (session + subscription + QUEUED * queued)),
    ]),
  )
}

/** Each node asks for itself, and three times a lease whether each of the others is alive: a key each. */
function beat(/** @type {number} */ nodes, /** @type {Costs} */ costs) {
  const { idleCommandsPerSecond, leaseMilliseconds, redisMicroseconds } = costs
  const looks = nodes / (leaseMilliseconds / 3_000)
  // A key of many that are asked for at once.
  const key = 0.5
  return (
    (nodes * idleCommandsPerSecond * redisMicroseconds.command +
      looks * (redisMicroseconds.command + nodes * key)) /
    1e6
  )
}

const micro = (/** @type {number} */ us) => `${us} µs`
const count = (/** @type {number} */ n) => Number(n.toPrecision(2)).toLocaleString('en')
const share = (/** @type {number} */ of) =>
  of < 0.001 ? 'below 0.1%' : `${Number((100 * of).toPrecision(2))}%`
const size = (/** @type {number} */ bytes) =>
  bytes < GIB ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`

function duration(/** @type {number} */ seconds) {
  return seconds < 1
    ? `${Number((1_000 * seconds).toPrecision(2))} ms`
    : `${Number(seconds.toPrecision(2))} s`
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
