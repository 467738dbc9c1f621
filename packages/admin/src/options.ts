import type { OptionsSpec } from '@mqtt-stack/core'
import type { Operator } from './operator.ts'
import type { TokenOptions } from './tokens.ts'
import { ROLES } from './tokens.ts'

export interface AdminOptions {
  listen?: string
  open?: string
  tokens?: readonly TokenOptions[]
  hosts?: readonly string[]
  dashboard?: boolean
  connections?: number
  streams?: number
  bodyLimit?: number
  timeout?: number
  announce?: (link: string, everywhere: boolean) => void
  operator?: Operator
}

/** What a token is, for who has written another one. */
const SECRET = 'a secret of 16 characters or more (openssl rand -hex 24 makes one)'

export const ADMIN_OPTIONS: OptionsSpec<AdminOptions> = {
  listen: {
    kind: 'string',
    default: '127.0.0.1:18080',
    doc: 'Where it listens: `[host:]port`; without a host on 127.0.0.1, port 0: a free one. There is no TLS: others than this machine need a proxy with TLS in front of it.',
  },
  open: {
    kind: 'string',
    optional: true,
    example: '0.0.0.0:18081',
    doc: 'A listener of its own for `/healthz`, `/readyz` and `/metrics`, which asks for no token: `[host:]port`.',
  },
  tokens: {
    kind: 'any',
    default: [],
    schema: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['token', 'role'],
        properties: {
          token: {
            anyOf: [{ type: 'string', minLength: 16, title: SECRET }, { $ref: '#/$defs/fromFile' }],
            description: 'The secret, of 16 characters or more.',
          },
          role: { enum: ROLES, description: '`read` looks; `operate` changes too.' },
          name: { type: 'string', description: 'Whose it is, for the log.' },
        },
      },
    },
    doc: 'Who may ask. Where there is none, one is made at each start, and printed once, as a link.',
  },
  hosts: {
    kind: 'any',
    default: [],
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    example: ['admin.example.com'],
    doc: 'Names by which it is reached, besides addresses and `localhost`: requests to others are refused.',
  },
  dashboard: { kind: 'boolean', default: true, doc: 'Whether the dashboard is there.' },
  connections: {
    kind: 'number',
    default: 128,
    min: 1,
    max: 10_000,
    doc: 'Connections at a time; more are closed at once.',
  },
  streams: {
    kind: 'number',
    default: 16,
    min: 0,
    max: 1_000,
    doc: 'Live streams (`/api/live`, `/api/live/topics`, `/api/trace`) at a time; more are refused (429).',
  },
  bodyLimit: {
    kind: 'number',
    default: 1_048_576,
    min: 1_024,
    max: 16_777_216,
    unit: 'bytes',
    doc: 'Largest body of a request; larger ones are refused (413).',
  },
  timeout: {
    kind: 'number',
    default: 30_000,
    min: 100,
    max: 600_000,
    unit: 'ms',
    doc: 'How long a request may take, and its answer; what takes longer is refused (504).',
  },
  announce: {
    kind: 'function',
    optional: true,
    doc: 'Is told the link with the token that was made at the start, and whether it listens at all other addresses too. By default it is written to standard error, past the log.',
  },
  operator: {
    kind: 'any',
    optional: true,
    schema: false,
    doc: 'Who can do what only the maker of the stack can: listeners, reload, explain. `@mqtt-stack/broker` hands itself.',
  },
}
