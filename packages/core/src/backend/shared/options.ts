import type { OptionsSpec } from '../../contract/index.ts'

/** Which nodes' members of a group are preferred. */
export type SharePreference = 'local' | 'any'

/** What a backend over a {@link SharedStore} is configured with, besides what every backend is. */
export interface SharedOptions {
  sharePreference?: SharePreference
}

/** Their defaults and documentation. */
export const SHARED_OPTIONS: OptionsSpec<SharedOptions> = {
  sharePreference: {
    kind: 'string',
    default: 'local',
    choices: ['local', 'any'],
    doc: 'Of several nodes with connected members of a shared subscription: whether those of the node that the message came to are preferred.',
  },
}
