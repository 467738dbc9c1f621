import type { OptionsSpec } from '@mqtt-stack/core'
import type { BackendOptions } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS } from '@mqtt-stack/core/backend'
import type { Sync } from './database-options.ts'

export interface LmdbBackendOptions extends BackendOptions {
  path: string
  sync?: Sync
}

export const LMDB_BACKEND_OPTIONS: OptionsSpec<LmdbBackendOptions> = {
  path: {
    kind: 'string',
    format: 'path',
    doc: 'The directory of the database; made if there is none. One process has it at a time.',
  },
  sync: {
    kind: 'string',
    default: 'commit',
    choices: ['commit', 'interval'],
    doc: 'When a message counts as kept: once it is on the disk (`commit`), or once the operating system has it, which writes it to the disk within about a second (`interval`). A crash of the process loses nothing with either.',
  },
  ...BACKEND_OPTIONS,
}
