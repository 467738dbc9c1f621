/** Looks at a Redis before anything is kept in it: whether it can be used, and what it does not promise. */
import { StackError } from '@mqtt-stack/core'
import type { Redis } from 'ioredis'
import { Cluster } from 'ioredis'
import type { Link } from './link.ts'
import type { Target } from './target.ts'

const OLDEST = 7

/** What INFO and CONFIG GET say, by name; what they do not say is not there. */
export type Settings = ReadonlyMap<string, string>

/**
 * @param warn Told what is not promised.
 * @throws StackError `STORE_UNUSABLE`
 */
export async function lookAt(
  link: Link,
  target: Target,
  warn: (store: string, lack: string) => void,
): Promise<void> {
  const masters = await link.ask(async () => {
    const { client } = link
    return Promise.all(
      client instanceof Cluster ? client.nodes('master').map(settingsOf) : [settingsOf(client)],
    )
  })
  for (const settings of masters) {
    const wrong = wrongWith(settings, target)
    if (wrong !== undefined)
      throw new StackError('STORE_UNUSABLE', `redis-backend: cannot use ${target.label}: ${wrong}`)
  }
  const lacks = new Set(masters.flatMap((settings) => lacksOf(settings)))
  for (const lack of lacks) warn(target.label, lack)
}

async function settingsOf(redis: Redis): Promise<Settings> {
  const settings = new Map<string, string>()
  const info = await redis.info()
  for (const [, name, value] of info.matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm)) settings.set(name, value)
  try {
    const names = ['save', 'appendfsync', 'client-output-buffer-limit']
    const found = (await redis.call('CONFIG', ['GET', ...names])) as string[]
    for (let i = 0; i < found.length; i += 2) settings.set(found[i], found[i + 1])
  } catch (error) {
    // Many services do not show it.
    if ((error as Error).name !== 'ReplyError') throw error
  }
  return settings
}

/** Why it cannot be used, and what to do. */
export function wrongWith(settings: Settings, { kind }: Target): string | undefined {
  const version = settings.get('redis_version') ?? '0'
  if (Number.parseInt(version, 10) < OLDEST)
    return `it is Redis ${version}, and ${OLDEST}.0 or later is needed`
  if (kind === 'one' && settings.get('redis_mode') === 'sentinel')
    return 'it is a Sentinel: give its address as "sentinels"'
  if (kind !== 'cluster' && settings.get('cluster_enabled') === '1')
    return 'it is a node of a Cluster: give the addresses of its nodes as "cluster"'
  if (settings.get('role') === 'slave') return 'it is a read-only replica: name the master, or its Sentinels'
  const policy = settings.get('maxmemory_policy') ?? 'noeviction'
  if (Number(settings.get('maxmemory') ?? 0) > 0 && policy !== 'noeviction')
    return `with maxmemory-policy ${policy} it would delete sessions: set it to noeviction`
  return undefined
}

/** What it does not promise. */
export function lacksOf(settings: Settings): string[] {
  const lacks: string[] = []
  const fsync = settings.get('appendfsync')
  if (settings.get('aof_enabled') !== '1')
    lacks.push(
      settings.get('save') === ''
        ? 'keeps nothing on a disk: when it ends all sessions and messages are lost (set appendonly yes)'
        : 'writes only snapshots to its disk: when it ends what was acknowledged since the last one is lost (set appendonly yes)',
    )
  else if (fsync === undefined)
    lacks.push('does not tell its appendfsync: with anything but always, what was acknowledged may be lost')
  else if (fsync === 'everysec')
    lacks.push(
      'has appendfsync everysec: a crash may lose what was acknowledged in the last second (set it to always)',
    )
  else if (fsync === 'no')
    lacks.push(
      'has appendfsync no: a crash may lose what was acknowledged in about the last half minute (set it to always)',
    )
  const limits = settings.get('client-output-buffer-limit')
  if (limits !== undefined && /pubsub 0 0 /.test(limits))
    lacks.push(
      'has no limit for what waits for a subscriber: its memory may fill up (set client-output-buffer-limit pubsub 32mb 8mb 60)',
    )
  return lacks
}
