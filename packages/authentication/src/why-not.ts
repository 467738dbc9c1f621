import type { Client, Store } from '@mqtt-stack/core'

/** For the log; where nobody said anything, who was asked. */
export function whyNot(
  { username, listener }: Client,
  { valid, detail }: Store<'authenticateConnection'>,
): string | undefined {
  if (detail !== undefined || valid !== undefined) return detail
  const { providers } = listener
  if (username !== undefined && providers?.join() === 'Anonymous')
    return 'clients without a name alone are let in at this listener'
  const asked =
    providers === undefined ? 'no provider' : `none of the providers asked here (${providers.join(', ')})`
  return username === undefined ? `${asked} lets in clients without a name` : `${asked} knows the user`
}
