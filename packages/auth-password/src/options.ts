import type { OptionsSpec } from '@mqtt-stack/core'

export interface PasswordAuthOptions {
  file: string
  verifications?: number
  waiting?: number
}

export const PASSWORD_AUTH_OPTIONS: OptionsSpec<PasswordAuthOptions> = {
  file: {
    kind: 'string',
    format: 'path',
    doc: 'The file of users, as `mqtt-stack passwd` or `mosquitto_passwd` writes it. It is read again when it changes.',
  },
  verifications: {
    kind: 'number',
    default: 2,
    min: 1,
    max: 64,
    doc: 'How many passwords are verified at a time, each on a thread of the pool that Node has for files too (4 unless `UV_THREADPOOL_SIZE` says otherwise).',
  },
  waiting: {
    kind: 'number',
    default: 500,
    min: 0,
    doc: 'How many clients may wait for their turn; further ones are refused (0x89, return code 3).',
  },
}
