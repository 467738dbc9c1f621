/** Messages that wait are taken away. */
import type { Deed } from './deed.ts'
import { deed } from './deed.ts'

interface PurgeFlags {
  client?: string
  filter?: string
  author?: string
  only?: string
}

interface Purged {
  readonly waiting: number
  readonly retained: number
  readonly wills: number
}

export const PURGE: Deed = deed<PurgeFlags>({
  doc: 'take messages away that meet all that is said, of which there must be one: --client, --filter or --author',
  flags: {
    client: { kind: 'string', optional: true, doc: 'they wait for this client' },
    filter: { kind: 'string', optional: true, doc: 'their topic matches this filter' },
    author: { kind: 'string', optional: true, doc: 'the identity of their publisher' },
    only: {
      kind: 'string',
      optional: true,
      choices: ['waiting', 'retained', 'wills'],
      doc: 'those that wait for a client, retained ones, or wills',
    },
  },
  wants: { client: 'id', filter: 'filter', author: 'identity', only: 'kind' },
  async run({ admin, flags, say }) {
    const { client: clientId, ...terms } = flags
    const gone = await admin.ask<Purged>('POST', '/api/purge', {}, { clientId, ...terms })
    say(gone, () => `taken away: ${gone.waiting} waiting, ${gone.retained} retained, ${gone.wills} wills\n`)
  },
})
