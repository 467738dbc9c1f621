/** What the routes work with. */
import type { ClientList, Relayer, Resolved, Stack } from '@mqtt-stack/core'
import type { BanSharing } from './ban-sharing.ts'
import type { Bans } from './bans.ts'
import type { Door } from './http/door.ts'
import type { Live } from './live/live.ts'
import type { Nodes } from './nodes.ts'
import type { Operator } from './operator.ts'
import type { AdminOptions } from './options.ts'

export interface Desk {
  readonly stack: Stack
  readonly config: Resolved<AdminOptions>
  readonly clients: ClientList
  readonly bans: Bans
  readonly sharing: BanSharing
  /** The others of this service. */
  readonly nodes: Nodes
  readonly live: Live
  readonly relayer: Relayer
  readonly operator: Operator
  readonly door: Door
}
