/** What is wrong with flags, in one line that begins with the command. */
import { StackError } from '@mqtt-stack/core'

export const COMMAND = 'mqtt-stack'

export function missing(message: string): StackError {
  return new StackError('OPTION_MISSING', `${COMMAND}: ${message}`)
}

export function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', `${COMMAND}: ${message}`)
}
