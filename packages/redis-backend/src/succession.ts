/** Behind Sentinel: whether the master that is used now has taken over from the one before. */
import { Cluster } from 'ioredis'
import type { Client } from './client.ts'
import type { Target } from './target.ts'

/** A master, as `INFO replication` tells of it. */
export interface Master {
  /** As `host:port`. */
  readonly address: string
  /** The history of its data, and the one that it has gone on with. */
  readonly history: string
  readonly earlier: string
}

/** Nothing where `info` is no master's. */
export function masterIn(info: string, address: string): Master | undefined {
  const of = (name: string): string => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? ''
  if (of('role') !== 'master') return undefined
  return { address, history: of('master_replid'), earlier: of('master_replid2') }
}

/** Whether `next` has what `last` had. One that was started again where it was is looked at by who has written to it. */
export function succeeds(next: Master, last: Master): boolean {
  return [next.history, next.earlier].includes(last.history) || next.address === last.address
}

/**
 * Looks at each master that a client behind Sentinel comes to, now and from now on.
 * @param warn Told of one that has not taken over from the one before: a master that died and is back as one, or a replica that had nothing yet.
 */
export async function watchSuccession(
  client: Client,
  { kind, label }: Target,
  warn: (store: string, lack: string) => void,
): Promise<void> {
  if (kind !== 'sentinels' || client instanceof Cluster) return
  let last: Master | undefined
  const look = async (): Promise<void> => {
    const { remoteAddress, remotePort } = client.stream as { remoteAddress?: string; remotePort?: number }
    const address = `${remoteAddress}:${remotePort}`
    // A connection that breaks meanwhile is made again, and then it is looked at.
    const info = await client.info('replication').catch(() => '')
    const next = masterIn(info, address)
    if (next === undefined) return
    if (last !== undefined && !succeeds(next, last))
      warn(
        label,
        `has the master ${next.address} now, which has not taken over from ${last.address}: what was acknowledged last may be lost (a master that died is to come back as a replica)`,
      )
    last = next
  }
  client.on('ready', () => void look())
  await look()
}
