/** Who a client is, and how its connection ends. */
import type { Duplex } from 'node:stream'
import type { Client, Goodbye, Listener, Will } from '../contract/index.ts'
import { Session } from '../contract/index.ts'
import type { Packet, PacketType, ReasonCode } from '../packets/index.ts'
import { ClientOutput } from './client-output.ts'
import { farewell } from './farewell.ts'
import { hangUp } from './hang-up.ts'
import type { ConnectionHost } from './host.ts'
import { tellRefused } from './refused.ts'

/** The part of a client that ends. Public members are documented with the interface {@link Client}. */
export abstract class ClientEnd extends ClientOutput implements Client {
  readonly slots: unknown[] = []
  readonly listener: Listener
  session: Session = new Session()
  epoch = 0
  will: Will | undefined = undefined
  bridge = false
  connected = false
  reasonCode: ReasonCode | undefined = undefined
  reason: string | undefined = undefined
  username: string | undefined = undefined
  receivedAt: number
  connectedAt: number | undefined = undefined
  bytesIn = 0
  /** A CONNECT came, readable or not: a refusal is told by CONNACK. */
  protected asked = false
  /** The other side will send no more. */
  protected ended = false
  /** DISCONNECT came, and nothing may come after it [MQTT-3.14.4-1]. */
  protected goodbye = false
  #finished = false
  #cause: Error | undefined
  #closeListeners: readonly ((cause: Error | undefined) => void)[] = []

  constructor(stack: ConnectionHost, stream: Duplex, listener: Listener) {
    super(stack, stream)
    this.listener = listener
    this.receivedAt = stack.clock.now()
    this.session.client = this
  }

  abstract readonly backlog: number
  abstract readonly packetsIn: number
  abstract readonly reading: boolean
  abstract readonly diverted: boolean
  abstract silentFor(now: number): number
  abstract accept(): void
  abstract expect(types: readonly PacketType[] | undefined): void
  abstract divert(handler: (packet: Packet) => void): void
  /** A packet is being handled. */
  protected abstract readonly isHandling: boolean
  /** What came and is not handled is not to be handled any more. */
  protected abstract dropInput(): void
  /** All is over. */
  protected abstract forget(): void

  get id(): string {
    return this.session.clientId
  }

  onClose(listener: (cause: Error | undefined) => void): void {
    if (this.#finished) this.#tellClose(listener)
    // There are few listeners, for long: `push` would make room for seventeen.
    else this.#closeListeners = [...this.#closeListeners, listener]
  }

  close(reasonCode?: ReasonCode, { reason, cause, serverReference }: Goodbye = {}): void {
    this.#cause ??= cause
    if (this.closed) return
    this.reasonCode = reasonCode
    this.reason = reason
    if (reasonCode !== undefined && reasonCode >= 0x80 && this.asked) {
      const packet = farewell(this.protocolVersion, this.connected, reasonCode, reason, serverReference)
      if (packet !== undefined) this.tryWrite(packet)
    }
    this.closed = true
    this.dropInput()
    this.outbox.flush()
    if (!this.connected) tellRefused(this, this.#cause)
    // Nothing more is on its way to us.
    const silent = this.ended || this.goodbye
    hangUp(this.stream, silent, this.stack.clock)
    if (!this.isHandling) this.finish()
  }

  /** Internal: the stream failed. A TLS socket may say so and go on (too many renegotiations): it ends all the same. */
  handleError(error: Error): void {
    this.#cause ??= error
    this.stream.destroy()
  }

  /** It is closed, and what was being handled is. */
  protected finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.forget()
    const listeners = this.#closeListeners
    this.#closeListeners = []
    for (const listener of listeners) this.#tellClose(listener)
  }

  /** One who fails keeps nobody from being told. */
  #tellClose(listener: (cause: Error | undefined) => void): void {
    try {
      listener(this.#cause)
    } catch (error) {
      this.stack.fail(error as Error, this, undefined)
    }
  }
}
