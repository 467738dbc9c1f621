/** Leases in a real Redis that end when a test says so, and never because the machine is busy. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisServer } from './redis-server.ts'
import { RespConnection } from './resp.ts'

/** In ms: longer than any test takes. */
export const LONG_LEASE = 600_000

/** How often Redis answers before time that has passed counts as used: whoever had to do something has done it. */
const ROUND_TRIPS = 8

const PASS = `
local left = redis.call('PTTL', KEYS[1])
if left >= 0 then redis.call('PEXPIRE', KEYS[1], left - tonumber(ARGV[1])) end
return left
`

export interface Leases {
  /** Lets so many ms pass for all of them, and then waits until what follows from it is done: as long as this machine needs for that. */
  pass(ms: number): Promise<void>
  /** The lease of one node ends now. */
  end(node: string): Promise<void>
  close(): void
}

/** @param prefix Of the keys of the service. */
export function leasesIn(servers: readonly RedisServer[], prefix: string): Leases {
  const connections = servers.map((server) => new RespConnection(server))
  const pass = async (at: RespConnection, node: string, ms: number): Promise<void> => {
    const keys = (await at.ask('KEYS', `${prefix}{node:${node}}:lease`)) as string[]
    await Promise.all(keys.map((key) => at.ask('EVAL', PASS, 1, key, ms)))
  }
  return {
    async pass(ms) {
      await Promise.all(connections.map((at) => pass(at, '*', ms)))
      for (let trips = 0; trips < ROUND_TRIPS; trips++) {
        await Promise.all(connections.map((at) => at.ask('PING')))
        await delay(1)
      }
    },
    async end(node) {
      await Promise.all(connections.map((at) => pass(at, node, Number.MAX_SAFE_INTEGER)))
    },
    close() {
      for (const at of connections) at.close()
    },
  }
}
