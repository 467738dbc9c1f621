import type { Act } from '../stage.ts'
import { CONNECTIONS } from './connections.ts'
import { INTRUDERS } from './intruders.ts'
import { TRAFFIC } from './traffic.ts'

/** All kinds of hostile clients. */
export const ACTS: readonly Act[] = [...CONNECTIONS, ...TRAFFIC, ...INTRUDERS]
