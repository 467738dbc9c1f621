import { StackError } from '../../errors/index.ts'

/** What a driver of a shared store says where a node may not join. */
export function nodeTaken(node: string, adopter?: string): StackError {
  const why = adopter === undefined ? 'is alive' : `is being moved to ${adopter}`
  return new StackError(
    'NODE_TAKEN',
    `node ${node} of the service ${why}: give each node a name of its own, or wait until the lease of the earlier one has ended`,
  )
}

/** What a driver of a shared store says where a node has lost a part: its own, or one that it had claimed. */
export function leaseLost(node: string, part: string = node): StackError {
  const what = part === node ? 'its part' : `the part of ${part}`
  return new StackError(
    'LEASE_LOST',
    `node ${node} has lost ${what}: it was out of reach for longer than its lease`,
  )
}
