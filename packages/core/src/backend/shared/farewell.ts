import type { Clock } from '../../time/index.ts'
import { Pause } from './pause.ts'
import type { Peers } from './peers.ts'
import type { Routes } from './routes.ts'
import type { SharedNode } from './shared-node.ts'

/** A node that has sent all that it was to send says so: nobody waits for what may come of it, while others have not taken what it leaves. */
export function sayFarewell({ node, routes, peers, sender }: SharedNode): void {
  const what = { owner: node, version: routes.version, changes: [], gone: [node], markers: [], tag: 0 }
  sender.sendAll(peers.live, { kind: 'routes', part: 'change', ...what })
}

/** A node that waits looks who is still there, every so many ms: others may stop too. */
const LOOK = 500
/** It waits no longer than so many ms: whoever ends a process gives it some seconds for all that it does. */
const PATIENCE = 2_000

/**
 * A node that stops has told its last changes, and asks all others for a mark: then all that they sent before they knew is in its inbox,
 * and nothing comes behind.
 * @returns Whether all that are there have marked, in time.
 */
export async function hearOthers(routes: Routes, peers: Peers, clock: Clock): Promise<boolean> {
  const look = (): void => void peers.look().catch(() => {})
  const heard = routes.announce([]).then(
    () => true,
    () => false,
  )
  const timer = clock.every(LOOK, look)
  const pause = new Pause(clock)
  const isHeard = await Promise.race([heard, pause.wait(PATIENCE).then(() => false)])
  timer.cancel()
  pause.end()
  return isHeard
}
