/** A broker on LMDB with room for very much; tells on stdout how long it took to open and what memory it takes. */
import { createBroker, StackError } from '@mqtt-stack/broker'
import { LmdbBackend } from '@mqtt-stack/lmdb-backend'

const [port, path, count] = process.argv.slice(2)
const PAYLOAD = 'x'.repeat(32)
/** Messages under way while the store is filled. */
const TOGETHER = 5_000

const backend = new LmdbBackend({ path, retainedMessages: 10_000_000, retainedTotal: 8 * 2 ** 30 })
const broker = createBroker({
  listeners: [{ transport: 'tcp', port: Number(port) }],
  backend,
  stack: { memoryCeiling: 8 * 2 ** 30, memoryShare: 1 },
})
const before = performance.now()
await broker.start()
const milliseconds = performance.now() - before
await fill(Number(count))
await broker.listen()
const { retained, sessions } = backend.stats
globalThis.gc?.()
const { rss, heapUsed, external } = process.memoryUsage()
console.log(JSON.stringify({ milliseconds, retained, sessions, rss, heapUsed, external }))

async function fill(messages: number): Promise<void> {
  for (let i = 0; i < messages; i += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, messages - i) }, (_, j) =>
      broker.publish(`site/${(i + j) % 1_000}/sensor/${i + j}`, PAYLOAD, { qos: 1, retain: true }),
    )
    for (const { unretained } of await Promise.all(some))
      if (unretained) throw new StackError('QUOTA_EXCEEDED', 'not everything was retained')
  }
}
