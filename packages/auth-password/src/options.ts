import { availableParallelism } from 'node:os'
import type { OptionsSpec } from '@mqtt-stack/core'

export interface PasswordAuthOptions {
  file: string
  verifications?: number
  waiting?: number
}

/**
 * How many passwords are verified at a time where nobody says it: a verification computes for some 20 ms, in which everybody else
 * waits where it has the last processor.
 * @param processors Of the machine, or as many as this process may use.
 */
export function verificationsAtATime(processors: number = availableParallelism()): number {
  return processors > 2 ? 2 : 1
}

export const PASSWORD_AUTH_OPTIONS: OptionsSpec<PasswordAuthOptions> = {
  file: {
    kind: 'string',
    format: 'path',
    doc: 'The file of users, as `mqtt-stack passwd` or `mosquitto_passwd` writes it. It is read again when it changes.',
  },
  verifications: {
    kind: 'number',
    optional: true,
    min: 1,
    max: 64,
    doc: 'How many passwords are verified at a time; 2 by default, or 1 on a machine of one or two processors, because one is the event loop’s. Each is verified on a thread of the pool that Node has for files too (4 unless `UV_THREADPOOL_SIZE` says otherwise).',
  },
  waiting: {
    kind: 'number',
    default: 500,
    min: 0,
    doc: 'How many clients may wait for their turn; further ones are refused (0x89, return code 3).',
  },
}
