import type { IncomingMessage } from 'node:http'
import type { UpgradeRequest } from '@mqtt-stack/core'
import type { AddressList } from './address-list.ts'
import type { Forwarded } from './forwarded-for.ts'
import { forwardedOf } from './forwarded-for.ts'
import { isForeign } from './origins.ts'
import { KeptRequest } from './upgrade-request.ts'

/** What the request of a WebSocket says of where it comes from. */
export class SeenRequest {
  readonly request: UpgradeRequest
  readonly origin: string | undefined
  readonly #proxies: AddressList | undefined

  /** @param proxies Those whose word is taken for whom a request comes from. */
  constructor(request: IncomingMessage, proxies: AddressList | undefined) {
    this.request = new KeptRequest(request)
    this.origin = request.headers.origin
    this.#proxies = proxies
  }

  /** It is of a page from elsewhere: browsers let every page reach the loopback address. */
  get foreign(): boolean {
    return this.origin !== undefined && isForeign(this.origin)
  }

  /** @param from Address of the other side of the connection, without its port. */
  forwarded(from: string | undefined): Forwarded {
    return forwardedOf(this.request.headers, from, this.#proxies)
  }
}
