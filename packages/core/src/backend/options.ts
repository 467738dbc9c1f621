import type { OptionsSpec } from '../contract/index.ts'
import type { ShareStrategy } from './choose-member.ts'
import { SHARE_STRATEGIES } from './choose-member.ts'

/** What every {@link Backend} is configured with; a store of yours adds its own. */
export interface BackendOptions {
  sessions?: number
  sessionMessages?: number
  sessionBytes?: number
  retainedMessages?: number
  retainedBytes?: number
  retainedTotal?: number
  shareStrategy?: ShareStrategy
  shareOnDisconnect?: boolean
}

/** Their defaults and documentation. */
export const BACKEND_OPTIONS: OptionsSpec<BackendOptions> = {
  sessions: {
    kind: 'number',
    default: 1_000_000,
    min: 1,
    doc: 'How many sessions there may be; further CONNECTs are refused.',
  },
  sessionMessages: {
    kind: 'number',
    default: 1_000,
    unit: 'messages',
    doc: 'How many unacknowledged messages a stored session may have; further ones are dropped and told.',
  },
  sessionBytes: {
    kind: 'number',
    default: 8_388_608,
    unit: 'bytes',
    doc: 'How many bytes of unacknowledged messages a stored session may have.',
  },
  retainedMessages: {
    kind: 'number',
    default: 100_000,
    unit: 'messages',
    doc: 'How many topics may have a retained message.',
  },
  retainedBytes: {
    kind: 'number',
    default: 1_048_576,
    unit: 'bytes',
    doc: 'Largest payload that is retained.',
  },
  retainedTotal: {
    kind: 'number',
    default: 268_435_456,
    unit: 'bytes',
    doc: 'How many bytes all retained messages may take together; further ones are refused and told.',
  },
  shareStrategy: {
    kind: 'string',
    default: 'round-robin',
    choices: SHARE_STRATEGIES,
    doc: 'Which member of a shared subscription gets a message.',
  },
  shareOnDisconnect: {
    kind: 'boolean',
    default: false,
    doc: 'A message of a shared subscription that a member has not acknowledged goes to another member when the first one disconnects, not only when its session ends.',
  },
}
