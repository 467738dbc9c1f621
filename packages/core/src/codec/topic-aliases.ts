/** The topic aliases that one client set on its connection. */
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../errors.ts'
import { ReasonCode } from '../reason-codes.ts'
import { protocolError } from './malformed.ts'

interface Alias {
  readonly topic: string
  /** Two bytes of length, then UTF-8. */
  readonly bytes: Buffer
}

export class TopicAliases {
  readonly #maximum: number
  #aliases: (Alias | undefined)[] | undefined

  /** @param maximum Aliases that the server takes; 0 for none. */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** @throws ProtocolError 0x94 for an alias over the maximum. */
  set(alias: number, topic: string, bytes: Uint8Array, start: number, end: number): void {
    if (alias > this.#maximum) throw this.#over(alias)
    this.#aliases ??= []
    if (this.#aliases[alias]?.topic === topic) return
    this.#aliases[alias] = { topic, bytes: Buffer.from(bytes.subarray(start, end)) }
  }

  /** @throws ProtocolError 0x94 for an alias over the maximum, 0x82 for one that was never set. */
  resolve(alias: number): string {
    const known = this.#aliases?.[alias]
    if (known !== undefined) return known.topic
    if (alias > this.#maximum) throw this.#over(alias)
    throw protocolError(`topic alias ${alias}, which was never set`)
  }

  bytesOf(alias: number): Buffer | undefined {
    return this.#aliases?.[alias]?.bytes
  }

  #over(alias: number): ProtocolError {
    const message = `topic alias ${alias}, over the maximum of ${this.#maximum}`
    return new ProtocolError('PROTOCOL_ERROR', ReasonCode.TOPIC_ALIAS_INVALID, message, 'MQTT-3.2.2-17')
  }
}
