import type { Health, NodeSummary } from '../contract/index.ts'
import type { Parts } from './parts.ts'

/** How the store is and, where several nodes share it, whether this one is in service. */
export function healthOf({ disk, shared }: Parts): readonly Health[] {
  if (disk === undefined) return []
  const isFailing = disk.commits.failing
  const store = {
    name: 'store',
    healthy: !isFailing,
    ...(isFailing && { reason: 'the last commit could not be written' }),
  }
  if (shared === undefined) return [store]
  const { isOpen, state } = shared
  const why = state === 'in service' ? 'the store of this service is out of reach' : `this node is ${state}`
  return [store, { name: 'cluster', healthy: isOpen, ...(!isOpen && { reason: why }) }]
}

/** This node, and those that it knows of. */
export function nodesOf({ shared }: Parts): readonly NodeSummary[] {
  if (shared === undefined) return []
  const { node, peers, state, isOpen } = shared
  const others = [...peers.known].sort().map((other) => ({
    node: other,
    self: false,
    alive: peers.alive.has(other),
  }))
  return [{ node, self: true, alive: isOpen, state }, ...others]
}
