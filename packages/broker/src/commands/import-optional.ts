/** Packages that the command uses where somebody asks for what they do. */
import { StackError } from '@mqtt-stack/core'

/**
 * Imports a package that may not be there.
 * @param who Needs it: `mqtt-stack passwd`.
 * @throws StackError `OPTION_INVALID` where the package is not there, or cannot run here.
 */
export async function importOptional<Module>(
  who: string,
  name: string,
  load: () => Promise<Module>,
): Promise<Module> {
  return load().catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ERR_MODULE_NOT_FOUND' && cause.message.includes(name)
    const why = missing ? `is not installed: npm install ${name}` : `cannot be loaded here: ${cause.message}`
    throw new StackError('OPTION_INVALID', `${who} needs ${name}, which ${why}`, { cause })
  })
}
