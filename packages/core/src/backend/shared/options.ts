import type { OptionsSpec } from '../../contract/index.ts'

/** Which nodes' members of a group are preferred. */
export type SharePreference = 'local' | 'any'

/** How many bytes may wait for a node, by default. */
export const INBOX_BYTES = 268_435_456

/** What a backend over a {@link SharedStore} is configured with, besides what every backend is. */
export interface SharedOptions {
  sharePreference?: SharePreference
  inboxBytes?: number
}

/** Their defaults and documentation. */
export const SHARED_OPTIONS: OptionsSpec<SharedOptions> = {
  sharePreference: {
    kind: 'string',
    default: 'local',
    choices: ['local', 'any'],
    doc: 'Of several nodes with connected members of a shared subscription: whether those of the node that the message came to are preferred.',
  },
  inboxBytes: {
    kind: 'number',
    default: INBOX_BYTES,
    min: 65_536,
    unit: 'bytes',
    doc: 'How many bytes may wait, about, for a node that does not read what it is sent: it is dead and not taken over yet, or too slow. Further messages of QoS 1 and 2 for its clients are refused.',
  },
}
