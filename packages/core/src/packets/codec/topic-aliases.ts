/** The topic aliases that one client set on its connection. */
import { Buffer } from 'node:buffer'
import type { Account } from '../../memory/index.ts'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'

interface Alias {
  readonly topic: string
  /** Two bytes of length, then UTF-8. */
  readonly bytes: Buffer
}

export class TopicAliases {
  readonly #maximum: number
  readonly #account: (() => Account) | undefined
  /** What the topics take: each as a string and as bytes. */
  #bytes = 0
  #aliases: (Alias | undefined)[] | undefined

  /**
   * @param maximum Aliases that the server takes; 0 for none.
   * @param account Where the topics are counted; asked for when there is one.
   */
  constructor(maximum: number, account?: () => Account) {
    this.#maximum = maximum
    this.#account = account
  }

  /** @throws ProtocolError 0x94 for an alias over the maximum, 0x97 where there is no memory for its topic. */
  set(alias: number, topic: string, bytes: Uint8Array, start: number, end: number): void {
    if (alias > this.#maximum) throw this.#refuse(alias)
    this.#aliases ??= []
    const known = this.#aliases[alias]
    if (known?.topic === topic) return
    this.#count(2 * (end - start - (known?.bytes.length ?? 0)))
    this.#aliases[alias] = { topic, bytes: Buffer.from(bytes.subarray(start, end)) }
  }

  /** @throws ProtocolError 0x94 for an alias over the maximum, 0x82 for one that was never set. */
  resolve(alias: number): string {
    const known = this.#aliases?.[alias]
    if (known !== undefined) return known.topic
    if (alias > this.#maximum) throw this.#refuse(alias)
    throw protocolError(`topic alias ${alias}, which was never set`)
  }

  bytesOf(alias: number): Buffer | undefined {
    return this.#aliases?.[alias]?.bytes
  }

  /** The connection is over. */
  clear(): void {
    this.#aliases = undefined
    this.#count(-this.#bytes)
  }

  #count(more: number): void {
    if (more === 0) return
    const account = this.#account?.()
    if (more < 0) account?.release(-more)
    else if (account?.charge(more, false) === false)
      throw new ProtocolError('QUOTA_EXCEEDED', ReasonCode.QUOTA_EXCEEDED, 'no memory for a topic alias')
    this.#bytes += more
  }

  #refuse(alias: number): ProtocolError {
    const message = `topic alias ${alias}, over the maximum of ${this.#maximum}`
    return protocolError(message, 'MQTT-3.2.2-17', ReasonCode.TOPIC_ALIAS_INVALID)
  }
}
