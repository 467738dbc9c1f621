import type { ReceivedPacket, SentPacket, TestClient } from '@mqtt-stack/testing'

/** A client of a stored session, over any number of connections and processes. */
export abstract class ModelClient {
  readonly clientId: string
  readonly protocolVersion: 4 | 5
  /** The connection, accepted or not. */
  protected client: TestClient | undefined
  #read = 0
  accepted = false
  /** Why it was not let in, or disconnected, by the broker. */
  readonly told: string[] = []

  constructor(clientId: string, protocolVersion: 4 | 5) {
    this.clientId = clientId
    this.protocolVersion = protocolVersion
  }

  get isConnecting(): boolean {
    return this.client !== undefined
  }

  /** Sends CONNECT on a new connection; an older one stays open until the broker closes it. */
  connect(client: TestClient): void {
    this.client = client
    this.#read = 0
    this.accepted = false
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: this.protocolVersion,
      clientId: this.clientId,
      clean: false,
      keepalive: 0,
      ...(this.protocolVersion === 5 && {
        properties: { sessionExpiryInterval: 3_600, receiveMaximum: this.receiveMaximum },
      }),
    })
  }

  protected readonly receiveMaximum: number = 65_535

  /** Hangs up, with DISCONNECT or without a word. */
  leave(goodbye: boolean): void {
    if (goodbye && this.accepted) this.send({ cmd: 'disconnect' })
    this.client?.stream.destroy()
    this.gone()
  }

  /** Comes again while its older connection is still there, which is the broker's to close. */
  leaveBehind(): void {
    this.gone()
  }

  /** Looks at what has come; true where there was anything. */
  read(): boolean {
    const { client } = this
    if (client === undefined) return false
    const { received } = client
    const had = this.#read
    while (this.#read < received.length && this.client === client) this.#take(received[this.#read++])
    if (this.client === client && client.stream.destroyed) this.gone()
    return this.#read > had
  }

  #take(packet: ReceivedPacket): void {
    if (packet.cmd === 'connack') {
      this.accepted = (packet.reasonCode ?? packet.returnCode ?? 0) === 0
      if (this.accepted) this.resume(packet.sessionPresent)
      else this.told.push(`refused with ${packet.reasonCode ?? packet.returnCode}`)
    } else if (packet.cmd === 'disconnect') this.told.push(`disconnected with ${packet.reasonCode}`)
    else this.handle(packet)
  }

  protected send(packet: SentPacket): void {
    if (this.client?.stream.writable === true) this.client.send(packet)
  }

  protected gone(): void {
    this.client = undefined
    this.accepted = false
  }

  protected abstract resume(present: boolean): void
  protected abstract handle(packet: ReceivedPacket): void
}
