/** What goes over the wire, as tests write and read it. */
import type { TestClient } from '@mqtt-stack/testing'

/** Every PUBLISH that came, oldest first, in a few words: topic, payload, and the flags that are set. */
export function messagesOf({ received }: TestClient): string[] {
  return received.flatMap((packet) => {
    if (packet.cmd !== 'publish') return []
    const { topic, payload, qos, retain, dup } = packet
    return [[topic, String(payload), `q${qos}`, retain ? 'r' : '', dup ? 'd' : ''].filter(Boolean).join(' ')]
  })
}

/** All bytes that come for a client from now on. */
export function bytesOf({ stream }: TestClient): () => Buffer {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}

/** The bytes of a user property. */
export function pair(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([38]), text(name), text(value)])
}

/** A string as packets hold it. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

/** A whole packet of less than 16,384 bytes. */
export function frame(header: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]
  return Buffer.concat([Buffer.from([header, ...length]), body])
}

/** Properties with their length, which is below 128. */
export function properties(...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  if (body.length > 127) throw new Error('properties of 128 bytes or more')
  return Buffer.concat([Buffer.from([body.length]), body])
}
