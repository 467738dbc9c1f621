/** A client that nobody is, to ask middlewares about. */
import { Duplex } from 'node:stream'
import type { ConnectionHost } from '../connection/index.ts'
import { ClientConnection } from '../connection/index.ts'
import type { Client, Listener, Session, Stack } from '../contract/index.ts'

/** Who it is as if. */
export type ProbeInit = Partial<Pick<Session, 'clientId' | 'identity' | 'groups'>> & {
  /** Where it is as if it came in; `memory`, and so local, by default. */
  readonly listener?: Listener | undefined
}

/**
 * A client for questions with `dry: true`: it is in no list, nothing is read from it or written to it, no middleware was
 * told of it, and nothing has to be closed.
 */
export function probeOf(stack: Stack, { listener, ...session }: ProbeInit): Client {
  const stream = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done()
    },
  })
  const client = new ClientConnection(
    stack as unknown as ConnectionHost,
    stream,
    listener ?? { transport: 'memory', local: true },
  )
  return Object.assign(client, { session: Object.assign(client.session, session) })
}
