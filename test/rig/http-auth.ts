/** A broker whose clients are known by a web service. */
import type { HttpAuthOptions } from '@mqtt-stack/auth-http'
import { HttpAuth } from '@mqtt-stack/auth-http'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, Received } from '@mqtt-stack/testing'
import type { PlainAnswer, WebService } from '../support/web-service.ts'
import { json } from '../support/web-service.ts'
import type { Broker5 } from './broker.ts'
import { broker5 } from './broker.ts'

export interface HttpBroker extends Broker5 {
  readonly auth: HttpAuth
  /** What a CONNECT of joe is answered. */
  tries(options?: ConnectOptions & OpenOptions): Promise<Received<'connack'>>
}

/** @param others Providers behind it. */
export async function httpBroker(
  { origin }: Pick<WebService, 'origin'>,
  options: HttpAuthOptions = {},
  ...others: MiddlewareLike[]
): Promise<HttpBroker> {
  const auth = new HttpAuth({ authenticate: `${origin}/connect?secret=1`, ...options })
  const use = [auth, ...others].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use, authorize: false })
  await rig.broker.start()
  return {
    ...rig,
    auth,
    tries: ({ listener, protocolVersion, ...options } = {}) =>
      rig
        // The service is asked over a socket.
        .open({ patience: 10_000, listener, ...(protocolVersion && { protocolVersion }) })
        .connect({ clientId: 'lamp', username: 'joe', password: 'secret', ...options }),
  }
}

/** Reason code and words. */
export function refusal({ reasonCode, properties }: Received<'connack'>): unknown[] {
  return [reasonCode, properties?.reasonString]
}

export const allow: PlainAnswer = json({ result: 'allow' })
export const deny: PlainAnswer = json({ result: 'deny' })
