import type { OptionsSpec } from '@mqtt-stack/core'

export interface ScramAuthOptions {
  file: string
}

export const SCRAM_AUTH_OPTIONS: OptionsSpec<ScramAuthOptions> = {
  file: {
    kind: 'string',
    format: 'path',
    doc: 'The file of users, with keys as `mqtt-stack passwd --scram` writes them. It is read again when it changes.',
  },
}
