import type { OptionsSpec } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Algorithm } from './algorithms.ts'
import { ALGORITHMS } from './algorithms.ts'

export interface JwtAuthOptions {
  algorithms: readonly Algorithm[]
  key?: string
  keyFile?: string
  keyEncoding?: 'text' | 'base64'
  jwksUrl?: string
  jwksTimeout?: number
  jwksMaxAge?: number
  jwksCooldown?: number
  allowHttp?: boolean
  caFile?: string
  issuer?: string | readonly string[]
  audience?: string | readonly string[]
  clockTolerance?: number
  requireExpiry?: boolean
  source?: 'password' | 'username'
  usernameClaim?: string
  clientIdClaim?: string
  groupsClaim?: string
  rightsClaim?: string
}

const TEXT_OR_LIST = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
  ],
} as const

export const JWT_AUTH_OPTIONS: OptionsSpec<JwtAuthOptions> = {
  algorithms: {
    kind: 'any',
    schema: { type: 'array', items: { enum: Object.keys(ALGORITHMS) }, minItems: 1, uniqueItems: true },
    example: ['RS256'],
    doc: 'A list of the algorithms that tokens may be signed with: `HS…` with a shared secret; `RS…`, `PS…`, `ES…` and `EdDSA` with a public key. Never both kinds.',
  },
  key: {
    kind: 'string',
    optional: true,
    doc: 'The shared secret, or the public key: PEM, a certificate, a JWK or a JWK Set. One of `key`, `keyFile` and `jwksUrl` is needed.',
  },
  keyFile: {
    kind: 'string',
    format: 'path',
    optional: true,
    doc: 'A file with what `key` may have; read again when it changes. Line ends behind a secret are not part of it.',
  },
  keyEncoding: {
    kind: 'string',
    default: 'text',
    choices: ['text', 'base64'],
    doc: 'How a shared secret is written.',
  },
  jwksUrl: {
    kind: 'string',
    optional: true,
    example: 'https://login.example.com/jwks.json',
    doc: 'Where a service hands out its public keys as a JWK Set. A token with a key that is not known yet has them fetched again.',
  },
  jwksTimeout: {
    kind: 'number',
    default: 5_000,
    min: 1,
    max: 25_000,
    unit: 'ms',
    doc: 'How long fetching the keys may take.',
  },
  jwksMaxAge: {
    kind: 'number',
    default: 600_000,
    min: 1_000,
    unit: 'ms',
    doc: 'How long fetched keys count. From half of it on they are fetched again behind the next token; who comes later than that, while they cannot be fetched, is refused.',
  },
  jwksCooldown: {
    kind: 'number',
    default: 30_000,
    min: 1_000,
    unit: 'ms',
    doc: 'Tokens with unknown keys have the keys fetched again no more often than that.',
  },
  allowHttp: {
    kind: 'boolean',
    default: false,
    doc: 'Fetches keys over `http://` from other machines too: whoever sits between can make tokens.',
  },
  caFile: {
    kind: 'string',
    format: 'path',
    optional: true,
    doc: 'A file with certificates of authorities, PEM: the certificate of the service at `jwksUrl` has to be of one of them, in place of those that Node knows. It is read again when it changes.',
  },
  issuer: {
    kind: 'any',
    optional: true,
    schema: TEXT_OR_LIST,
    doc: 'Who makes the tokens (claim `iss`), a name or a list. Tokens of others are left to other providers.',
  },
  audience: {
    kind: 'any',
    optional: true,
    schema: TEXT_OR_LIST,
    doc: 'For whom the tokens are (claim `aud`): one of these, a name or a list.',
  },
  clockTolerance: {
    kind: 'number',
    default: 5,
    max: 3_600,
    unit: 's',
    doc: 'How far the clocks of this machine and of the tokens’ maker may be apart.',
  },
  requireExpiry: {
    kind: 'boolean',
    default: true,
    doc: 'Refuses tokens that are good for ever (no claim `exp`).',
  },
  source: {
    kind: 'string',
    default: 'password',
    choices: ['password', 'username'],
    doc: 'Which field of CONNECT holds the token. Our log writes `(a token)` for such a user name; logs of others may not.',
  },
  usernameClaim: {
    kind: 'string',
    default: 'sub',
    doc: 'The claim that says who the client is. `a.b` is member `b` of claim `a`, here and in the other claims.',
  },
  clientIdClaim: {
    kind: 'string',
    optional: true,
    doc: 'The claim that must equal the client identifier; a token without it is refused.',
  },
  groupsClaim: {
    kind: 'string',
    optional: true,
    doc: 'The claim with the groups of the client, for access rules: a list of names.',
  },
  rightsClaim: {
    kind: 'string',
    optional: true,
    example: 'mqtt',
    doc: 'The claim with what the client may do: `{ "publish": […], "subscribe": […] }` with topic filters. Tokens without it are left to access rules.',
  },
}

/** What `issuer` and `audience` may be. */
export function namesOf(owner: string, key: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  const names = [value].flat()
  if (names.length > 0 && names.every((name) => typeof name === 'string' && name !== ''))
    return names as string[]
  throw new StackError(
    'OPTION_INVALID',
    `${owner}: option "${key}" must be a name or a list of names, not ${JSON.stringify(value)}`,
  )
}
