/** What goes over the wire, as JSON Schema; the files in `schemas/` are these. */
import type { JsonSchema } from './json-schema.ts'

/** The most questions of one request, and the most groups. */
export const MOST = 100

const NAME: JsonSchema = { type: 'string', minLength: 1, maxLength: 16_383, pattern: '^[^\\p{Cc}\\p{Cs}]+$' }
const RESULT: JsonSchema = { enum: ['allow', 'deny', 'ignore'] }
const CACHE: JsonSchema = {
  type: 'number',
  minimum: 0,
  description: 'How long the answer may be kept, in seconds; never longer than the broker’s options say.',
}

const DRY: JsonSchema = {
  type: 'boolean',
  description:
    'Somebody wants to know what would be answered: nothing is to be counted, kept or told because of it.',
}

const ORIGIN: Readonly<Record<string, JsonSchema>> = {
  clientId: { type: 'string', description: 'Client identifier.' },
  protocolVersion: { enum: [3, 4, 5], description: '3 is MQTT 3.1, 4 is 3.1.1.' },
  address: { type: 'string', description: 'Address of the client without the port; none on a Unix socket.' },
  transport: { type: 'string', description: 'tcp, tls, ws, wss, unix, …' },
  listener: { type: 'string', description: 'Name of the listener, if it has one.' },
}

export const AUTHENTICATE_REQUEST: JsonSchema = schema(
  'authenticate-request',
  'Is this client who it claims to be?',
  {
    required: ['clientId', 'protocolVersion', 'transport'],
    properties: {
      ...ORIGIN,
      username: { type: 'string' },
      password: { type: 'string', description: 'The password, if it is text in UTF-8.' },
      passwordBase64: { type: 'string', description: 'Any other password, in base64.' },
      dry: DRY,
    },
  },
)

export const AUTHENTICATE_ANSWER: JsonSchema = schema('authenticate-answer', 'Whether it is.', {
  required: ['result'],
  properties: {
    result: {
      ...RESULT,
      description: 'ignore: the client is not known here, and other providers are asked.',
    },
    identity: { ...NAME, description: 'Who the client is from now on; its user name unless said otherwise.' },
    groups: { type: 'array', items: NAME, maxItems: MOST },
    reasonCode: {
      enum: [0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x97, 0x9c, 0x9d, 0x9f],
      description: 'Of a refusal: a reason code of CONNACK (MQTT 5.0).',
    },
    reason: {
      type: 'string',
      maxLength: 256,
      description: 'Of a refusal, for the client (5.0) and the log.',
    },
    cacheSeconds: CACHE,
  },
})

export const AUTHORIZE_REQUEST: JsonSchema = schema('authorize-request', 'May this client do these?', {
  required: ['clientId', 'protocolVersion', 'transport', 'groups', 'questions'],
  properties: {
    ...ORIGIN,
    identity: { type: 'string', description: 'Who the client is; none: nobody.' },
    groups: { type: 'array', items: { type: 'string' } },
    dry: DRY,
    questions: {
      type: 'array',
      maxItems: MOST,
      items: {
        type: 'object',
        required: ['action', 'topic', 'qos'],
        additionalProperties: false,
        properties: {
          action: { enum: ['publish', 'subscribe', 'will'] },
          topic: { type: 'string', description: 'The topic, or the topic filter of a subscription.' },
          qos: { enum: [0, 1, 2] },
          retain: { type: 'boolean', description: 'Not of subscriptions.' },
        },
      },
    },
  },
})

export const AUTHORIZE_ANSWER: JsonSchema = schema('authorize-answer', 'Whether it may.', {
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      items: RESULT,
      maxItems: MOST,
      description: 'One for each question, in their order. ignore: other access rules say.',
    },
    cacheSeconds: CACHE,
  },
})

function schema(
  name: string,
  title: string,
  { required, properties }: Required<Pick<JsonSchema, 'required' | 'properties'>>,
): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `https://unpkg.com/@mqtt-stack/auth-http/src/schemas/${name}.json`,
    title,
    type: 'object',
    required,
    additionalProperties: false,
    properties,
  }
}
