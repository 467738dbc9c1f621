/** The properties of a 5.0 message where they stand in its bytes; offsets count from the frame's start. */
export class PropertySpan {
  start: number
  end: number
  /** The topic alias (its identifier byte), which concerns one connection and is never passed on; 0 for none. */
  readonly aliasAt: number
  /** The four bytes of the message expiry interval; 0 for none. */
  readonly expiryAt: number
  /** The topic name with its length, where the frame has only an alias. */
  topic: Uint8Array | undefined
  readonly payloadIsText: boolean

  constructor(
    start: number,
    end: number,
    aliasAt: number,
    expiryAt: number,
    topic: Uint8Array | undefined,
    payloadIsText: boolean,
  ) {
    this.start = start
    this.end = end
    this.aliasAt = aliasAt
    this.expiryAt = expiryAt
    this.topic = topic
    this.payloadIsText = payloadIsText
  }
}
