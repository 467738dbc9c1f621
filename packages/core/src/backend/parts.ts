import type { Resolved, Stack } from '../contract/index.ts'
import type { Disk } from './disk/disk.ts'
import type { BackendOptions } from './options.ts'
import type { RetainedMessages } from './retained-messages.ts'
import type { Sessions } from './sessions.ts'
import type { SharedNode } from './shared/shared-node.ts'
import type { SharedRetained } from './shared/shared-retained.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Wills } from './wills.ts'

/** What the parts of a backend work on together. */
export interface Parts {
  readonly stack: Stack
  readonly bounds: Resolved<BackendOptions>
  /** What outlives the process; none in memory. */
  readonly disk: Disk | undefined
  /** This process as one of several nodes of a service; only beside a disk. */
  readonly shared: SharedNode | undefined
  readonly sessions: Sessions
  readonly subscriptions: Subscriptions
  readonly retained: RetainedMessages
  /** What keeps them in the service; only where there is one. */
  readonly sharedRetained: SharedRetained | undefined
  readonly wills: Wills
}
