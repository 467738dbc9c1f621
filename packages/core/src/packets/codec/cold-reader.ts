/** mqtt-packet, fed one whole frame at a time, so that no client needs a parser object of its own. */
import type { Buffer } from 'node:buffer'
import * as mqtt from 'mqtt-packet'
import type { Packet, ProtocolVersion } from '../packets.ts'
import { malformed } from './malformed.ts'

export class ColdReader {
  readonly #parsers = new Map<ProtocolVersion, mqtt.Parser>()
  #packet: Packet | undefined
  #error: Error | undefined

  /** @throws ProtocolError for what mqtt-packet refuses. */
  read(bytes: Buffer, start: number, end: number, version: ProtocolVersion): Packet {
    this.#packet = undefined
    this.#error = undefined
    try {
      this.#parser(version).parse(bytes.subarray(start, end))
    } catch (error) {
      this.#error = error as Error
    }
    const packet = this.#packet as Packet | undefined
    if (packet !== undefined && this.#error === undefined) return packet
    // What a failed parser holds must not stand before the next client's frame.
    this.#parsers.delete(version)
    throw malformed((this.#error as Error | undefined)?.message ?? 'a frame that holds no packet')
  }

  #parser(version: ProtocolVersion): mqtt.Parser {
    const known = this.#parsers.get(version)
    if (known !== undefined) return known
    const made = mqtt.parser({ protocolVersion: version })
    made.on('packet', (packet) => {
      const { messageId, ...others } = packet
      this.#packet = (messageId === undefined ? packet : { packetId: messageId, ...others }) as Packet
    })
    made.on('error', (error: Error) => {
      this.#error = error
    })
    this.#parsers.set(version, made)
    return made
  }
}
