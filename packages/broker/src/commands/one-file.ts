/** What stands behind a command that takes one file. */
import { StackError } from '@mqtt-stack/core'

/**
 * @param command Names it in messages: `check FILE`.
 * @param usual The file where none is named.
 * @throws StackError `OPTION_INVALID` where it is none, or more than one.
 */
export function oneFile(command: string, args: readonly string[], usual?: string): string {
  const [file = usual, ...others] = args
  if (file === undefined || file === '' || file.startsWith('-') || others.length > 0)
    throw new StackError('OPTION_INVALID', `usage: mqtt-stack ${command}`)
  return file
}
