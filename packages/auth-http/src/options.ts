import type { OptionsSpec } from '@mqtt-stack/core'

export interface HttpAuthOptions {
  authenticate?: string
  authorize?: string
  token?: string
  headers?: Readonly<Record<string, string>>
  allowHttp?: boolean
  caFile?: string
  timeout?: number
  retries?: number
  concurrency?: number
  waiting?: number
  failures?: number
  cooldown?: number
  cacheTime?: number
  cacheRefusalTime?: number
  cacheEntries?: number
}

export const HTTP_AUTH_OPTIONS: OptionsSpec<HttpAuthOptions> = {
  authenticate: {
    kind: 'string',
    optional: true,
    example: 'https://auth.example.com/connect',
    doc: 'URL that is asked who a client is.',
  },
  authorize: {
    kind: 'string',
    optional: true,
    example: 'https://auth.example.com/allow',
    doc: 'URL that is asked what a client may do.',
  },
  token: {
    kind: 'string',
    optional: true,
    doc: 'Goes with each request as `authorization: Bearer …`, so that the service knows the broker.',
  },
  headers: {
    kind: 'any',
    optional: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    doc: 'Further headers of each request, by name.',
  },
  allowHttp: {
    kind: 'boolean',
    default: false,
    doc: 'Asks over `http://` on other machines too: whoever sits between reads passwords and lets in whom they like.',
  },
  caFile: {
    kind: 'string',
    format: 'path',
    optional: true,
    doc: 'A file with certificates of authorities, PEM: the service’s certificate has to be of one of them, in place of those that Node knows. It is read again when it changes.',
  },
  timeout: {
    kind: 'number',
    default: 2_000,
    min: 1,
    max: 5_000,
    unit: 'ms',
    doc: 'How long an answer may take, each time it is asked for; a question waits no longer for its turn either.',
  },
  retries: {
    kind: 'number',
    default: 1,
    max: 3,
    doc: 'How often a question is asked again where there is no answer, or 408, 429 or 5xx.',
  },
  concurrency: {
    kind: 'number',
    default: 20,
    min: 1,
    unit: 'requests',
    doc: 'How many requests to one URL may be under way.',
  },
  waiting: {
    kind: 'number',
    default: 1_000,
    unit: 'questions',
    doc: 'How many questions may wait for their turn; further clients are refused (0x89).',
  },
  failures: {
    kind: 'number',
    default: 5,
    min: 1,
    doc: 'So many questions without an answer, one after the other, open the circuit: nothing is asked for a while.',
  },
  cooldown: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'How long the circuit stays open; then one question is tried.',
  },
  cacheTime: {
    kind: 'number',
    default: 60_000,
    unit: 'ms',
    doc: 'How long an `allow` is kept; 0: not at all.',
  },
  cacheRefusalTime: {
    kind: 'number',
    default: 10_000,
    unit: 'ms',
    doc: 'How long a `deny` or `ignore` is kept; 0: not at all.',
  },
  cacheEntries: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'answers',
    doc: 'How many answers are kept of each kind: clients let in, clients refused, and rights. The oldest goes first.',
  },
}
