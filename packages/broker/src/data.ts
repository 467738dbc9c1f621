/** The backend of `--data`: loaded by who uses it alone, for it brings a native module. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { CliConfig } from './cli-options.ts'

const PACKAGE = '@mqtt-stack/lmdb-backend'

/**
 * Makes the backend; nothing is opened before the stack starts.
 * @param load Imports the package.
 * @throws StackError `OPTION_INVALID` where the package is not there, or cannot run here.
 */
export async function openData(
  { data: path, sync }: Pick<CliConfig, 'data' | 'sync'>,
  load: () => Promise<typeof import('@mqtt-stack/lmdb-backend')> = () => import('@mqtt-stack/lmdb-backend'),
): Promise<MiddlewareLike> {
  const { LmdbBackend } = await load().catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'ERR_MODULE_NOT_FOUND'
        ? `is not installed: npm install ${PACKAGE}`
        : `cannot be loaded here: ${cause.message}`
    throw new StackError('OPTION_INVALID', `mqtt-stack: --data needs ${PACKAGE}, which ${why}`, { cause })
  })
  return new LmdbBackend({ path, sync })
}
