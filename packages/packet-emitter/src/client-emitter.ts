import { EventEmitter } from 'node:events'
import type { AckType, Client, OutgoingPacket, PublishInit } from '@mqtt-stack/core'
import { Publish } from '@mqtt-stack/core'

type Fields<Command extends OutgoingPacket['cmd']> = Omit<Extract<OutgoingPacket, { cmd: Command }>, 'cmd'>

/**
 * A client in the manner of mqtt-connection: an event named after each packet's type carries the packet, `close`
 * (with the cause, if any) comes once, and a method for each packet sends it.
 */
export class ClientEmitter extends EventEmitter {
  readonly client: Client

  constructor(client: Client) {
    super()
    this.client = client
    client.onClose((cause) => this.emit('close', cause))
  }

  /** Answers a CONNECT; return code 0 accepts it. */
  connack(fields: Fields<'connack'>): void {
    if ((fields.returnCode ?? fields.reasonCode ?? 0) === 0) this.client.accept()
    this.client.write({ cmd: 'connack', ...fields })
  }

  publish(message: PublishInit): void {
    const { qos = 0, retain = false, dup = false, packetId = 0 } = message
    this.client.publish(Publish.from(message), qos, retain, dup, packetId)
  }

  puback(fields: { packetId: number }): void {
    this.#ack('puback', fields)
  }

  pubrec(fields: { packetId: number }): void {
    this.#ack('pubrec', fields)
  }

  pubrel(fields: { packetId: number }): void {
    this.#ack('pubrel', fields)
  }

  pubcomp(fields: { packetId: number }): void {
    this.#ack('pubcomp', fields)
  }

  suback(fields: Fields<'suback'>): void {
    this.client.write({ cmd: 'suback', ...fields })
  }

  unsuback(fields: Fields<'unsuback'>): void {
    this.client.write({ cmd: 'unsuback', ...fields })
  }

  pingresp(): void {
    this.client.write({ cmd: 'pingresp' })
  }

  /** Ends the connection after what was sent. */
  destroy(): void {
    this.client.close()
  }

  #ack(type: AckType, { packetId }: { packetId: number }): void {
    this.client.ack(type, packetId)
  }
}
