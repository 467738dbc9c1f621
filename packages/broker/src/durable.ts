/** The backends of `--data` and `--redis`: loaded by who uses them alone, for they bring what others do not need. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { CliConfig } from './cli-options.ts'
import { nodeOfWorker } from './workers.ts'

type Lmdb = typeof import('@mqtt-stack/lmdb-backend')
type Redis = typeof import('@mqtt-stack/redis-backend')

/**
 * Makes the backend of `--data`; nothing is opened before the stack starts.
 * @param load Imports the package.
 * @throws StackError `OPTION_INVALID` where the package is not there, or cannot run here.
 */
export async function openData(
  { data: path, sync }: Pick<CliConfig, 'data' | 'sync'>,
  load: () => Promise<Lmdb> = () => import('@mqtt-stack/lmdb-backend'),
): Promise<MiddlewareLike> {
  const { LmdbBackend } = await load().catch((cause) => refuse('data', 'lmdb-backend', cause))
  return new LmdbBackend({ path, sync })
}

/** As {@link openData}, of `--redis`. */
export async function openRedis(
  { redis: url, node }: Pick<CliConfig, 'redis' | 'node'>,
  load: () => Promise<Redis> = () => import('@mqtt-stack/redis-backend'),
): Promise<MiddlewareLike> {
  const { RedisBackend } = await load().catch((cause) => refuse('redis', 'redis-backend', cause))
  return new RedisBackend({ url, ...nodeOfWorker(node) })
}

function refuse(flag: string, name: string, cause: NodeJS.ErrnoException): never {
  const why =
    cause.code === 'ERR_MODULE_NOT_FOUND'
      ? `is not installed: npm install @mqtt-stack/${name}`
      : `cannot be loaded here: ${cause.message}`
  throw new StackError('OPTION_INVALID', `mqtt-stack: --${flag} needs @mqtt-stack/${name}, which ${why}`, {
    cause,
  })
}
