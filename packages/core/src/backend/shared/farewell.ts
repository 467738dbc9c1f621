import type { Clock } from '../../time/index.ts'
import type { Peers } from './peers.ts'
import type { Routes } from './routes.ts'

/** A node that waits looks who is still there, every so many ms: others may stop too. */
const LOOK = 500

/**
 * A node that stops has told its last changes, and asks all others for a mark: then all that they sent before they knew is in its inbox,
 * and nothing comes behind.
 * @param late Ends the wait.
 * @returns Whether all have marked that are there.
 */
export async function hearOthers(
  routes: Routes,
  peers: Peers,
  clock: Clock,
  late: Promise<void>,
): Promise<boolean> {
  const look = (): void => void peers.look().catch(() => {})
  const heard = routes.announce([]).then(
    () => true,
    () => false,
  )
  const timer = clock.every(LOOK, look)
  const isHeard = await Promise.race([heard, late.then(() => false)])
  timer.cancel()
  return isHeard
}
