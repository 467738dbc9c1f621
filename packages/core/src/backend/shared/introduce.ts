import type { Log } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import { PROTOCOL } from './frames.ts'
import type { RollCall } from './roll-call.ts'
import type { SharedNode } from './shared-node.ts'

/** So many leases a node waits, when it joins, for what the others have to say; then it asks them again, so often. */
const LEASES = 5
const ROUNDS = 4

/**
 * Says hello to all who are alive, and waits until their routes, and those of dead nodes, are known here.
 * @param number Of the hello.
 * @returns Nodes that are alive and have said nothing: without them it cannot be in service, for it would acknowledge messages that their
 *   clients never get. What dead nodes have is missed no longer than this.
 */
export async function introduce(
  { node, store, peers, routes, sender }: SharedNode,
  rollCall: RollCall,
  number: number,
  log: Log,
): Promise<readonly string[]> {
  const { alive, known } = peers
  const isUnheard = (one: string): boolean => alive.has(one) || !routes.tree.nodes.has(one)
  rollCall.begin([...known].filter(isUnheard))
  for (const one of alive) {
    sender.send(one, { kind: 'hello', protocol: PROTOCOL, number })
    routes.greet(one)
  }
  const missing = await rollCall.wait(LEASES * store.lease)
  const waited = missing.filter((one) => peers.alive.has(one))
  const passed = missing.filter((one) => !peers.alive.has(one))
  if (waited.length > 0) log.event('node.silent', { node, missing: waited.join(', ') })
  else if (passed.length > 0) log.event('node.unheard', { node, missing: passed.join(', ') })
  return waited
}

/**
 * The same for a node that starts: it asks again.
 * @param join Introduces it.
 * @throws StackError `STORE_FAILED` where a node that is alive does not answer at all.
 */
export async function introduceFirst(node: string, join: () => Promise<readonly string[]>): Promise<void> {
  let missing = await join()
  for (let round = 1; missing.length > 0 && round < ROUNDS; round++) missing = await join()
  if (missing.length > 0)
    throw new StackError(
      'STORE_FAILED',
      `the node ${node} cannot join its service: ${missing.join(', ')} ${missing.length > 1 ? 'do' : 'does'} not answer; start what hangs again, and bring all nodes to one version`,
    )
}
