/** A message that waits somewhere, as an operator sees it. */
import type { Author, Clock, Publish } from '@mqtt-stack/core'
import { expiryIso } from './client-state.ts'
import type { Field, JsonSchema } from './http/fields.ts'
import { choice, usually } from './http/fields.ts'

/** How payloads are told. */
export type PayloadForm = 'none' | 'text' | 'base64'

/** The field of every request that may want payloads. */
export const PAYLOAD: { readonly payload: Field<PayloadForm> } = {
  payload: usually(
    choice(['none', 'text', 'base64'], {
      doc: 'Whether payloads are told, and how. Of one the first 64 KiB are, and of a page 4 MiB: then it ends.',
    }),
    'none',
  ),
}

/** The most bytes of a payload that are told. */
const SHOWN = 65_536

/** A page ends behind so many bytes of payloads, and says where the next one begins. */
export const PAGE_BYTES = 4_194_304

interface Waiting {
  readonly packet: Publish
  readonly expiresAt: number
  readonly publisher?: Author | undefined
}

/** How many bytes of its payload are told. */
export function bytesTold({ packet }: Pick<Waiting, 'packet'>, form: PayloadForm): number {
  return form === 'none' ? 0 : Math.min(packet.payload.length, SHOWN)
}

export function messageState(
  { packet, expiresAt, publisher }: Waiting,
  clock: Clock,
  form: PayloadForm,
): Record<string, unknown> {
  const { topic, qos, payload, properties } = packet
  return {
    topic,
    qos,
    bytes: payload.length,
    publisher: publisher?.clientId,
    identity: publisher?.identity,
    expiresAt: expiryIso(clock, expiresAt),
    contentType: properties?.contentType,
    payload:
      form === 'none' ? undefined : payload.subarray(0, SHOWN).toString(form === 'text' ? 'utf8' : 'base64'),
  }
}

export const MESSAGE: JsonSchema = {
  type: 'object',
  required: ['topic', 'qos', 'bytes'],
  properties: {
    topic: { type: 'string' },
    qos: { enum: [0, 1, 2] },
    bytes: { type: 'integer', minimum: 0, description: 'Of the payload.' },
    publisher: { type: 'string', description: 'Client identifier of its publisher.' },
    identity: { type: 'string', description: 'Identity of its publisher.' },
    expiresAt: { type: 'string', format: 'date-time', description: 'Absent for never.' },
    contentType: { type: 'string' },
    payload: { type: 'string', description: 'Where it was asked for.' },
  },
}
