import type { OptionsSpec } from '@mqtt-stack/core'

export interface SessionManagerOptions {
  maximumExpiry?: number
  sweep?: number
}

export const SESSION_MANAGER_OPTIONS: OptionsSpec<SessionManagerOptions> = {
  maximumExpiry: {
    kind: 'number',
    live: true,
    default: 604_800,
    min: 1,
    max: 0xffff_ffff,
    unit: 's',
    doc: 'How long a stored session outlives its connection; seven days by default.',
  },
  sweep: {
    kind: 'number',
    default: 1_000,
    min: 10,
    unit: 'ms',
    doc: 'How often expired sessions are looked for.',
  },
}
