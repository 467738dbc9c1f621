/** How ioredis finds the master: it prints nothing where Sentinels go away, which whoever asks for Redis is told. */
import type { Redis, SentinelConnectionOptions } from 'ioredis'
import { SentinelConnector } from 'ioredis'

/** What makes each connection to a Sentinel; it is ioredis' own, and no part of its types. */
interface Connecting {
  connectToSentinel?: (...args: readonly unknown[]) => Redis
}

/** Those that wait for word of a fail-over have nobody who hears of their errors, which ioredis prints then. */
export class QuietSentinels extends SentinelConnector {
  constructor(options: SentinelConnectionOptions) {
    super(options)
    const own = this as unknown as Connecting
    const connect = own.connectToSentinel?.bind(this)
    if (connect === undefined) return
    own.connectToSentinel = (...args) => connect(...args).on('error', () => {})
  }
}
