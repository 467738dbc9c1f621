/** A client or a session that is not here may be on another node of the service: whoever asks is told which. */
import type { Desk } from './desk.ts'
import { Problem } from './http/problem.ts'

/** What is looked for. */
export interface Sought {
  readonly what: 'client' | 'session'
  readonly clientId: string
}

/**
 * The refusal for what is not here, after the other nodes were asked: two seconds at most.
 * @param words That it is not here: `no client "lamp" is connected here`.
 */
export async function notHere({ nodes }: Desk, sought: Sought, words: string): Promise<Problem> {
  const { answers, missing } = await nodes.ask('where', sought)
  const found = answers.find(({ said }) => said === true)
  if (found !== undefined) return new Problem('not-found', `${words}, but on node ${found.node}: ask there`)
  if (missing.length === 0) return new Problem('not-found', words)
  return new Problem('not-found', `${words}, and of these nodes nobody answered: ${missing.join(', ')}`)
}

/** Whether it is on this node. */
export async function isHere({ clients, stack }: Desk, { what, clientId }: Sought): Promise<boolean> {
  if (what === 'client') return clients.get(clientId) !== undefined
  return (await stack.call('lookupSessions', { clientId, limit: 1 })).length > 0
}

/** What another node looks for. */
export function isSought(said: unknown): said is Sought {
  if (typeof said !== 'object' || said === null) return false
  const { what, clientId } = said as Partial<Sought>
  return (what === 'client' || what === 'session') && typeof clientId === 'string'
}
