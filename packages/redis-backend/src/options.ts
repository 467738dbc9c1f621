import type { OptionsSpec } from '@mqtt-stack/core'
import type { BackendOptions, SharedOptions } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, SHARED_OPTIONS } from '@mqtt-stack/core/backend'

/** Where Redis is, how it is reached, and what this node is in it. */
export interface RedisOptions {
  url?: string
  sentinels?: readonly string[]
  name?: string
  cluster?: readonly string[]
  username?: string
  password?: string
  passwordFile?: string
  tls?: boolean
  caFile?: string
  prefix?: string
  node?: string
  parent?: string
  lease?: number
  replicas?: number
  patience?: number
}

export interface RedisBackendOptions extends BackendOptions, SharedOptions, RedisOptions {}

const ADDRESSES = { type: 'array', items: { type: 'string' }, minItems: 1 }

export const REDIS_OPTIONS: OptionsSpec<RedisOptions> = {
  url: {
    kind: 'string',
    optional: true,
    example: 'redis://127.0.0.1:6379',
    doc: 'Where one Redis is: `redis://host:port`, or `rediss://host:port` over TLS; user, password and the number of the database may be in it. One of `url`, `sentinels` and `cluster` is needed.',
  },
  sentinels: {
    kind: 'any',
    optional: true,
    schema: ADDRESSES,
    doc: 'Addresses of Sentinels, as `host:port`, that know where the master of `name` is.',
  },
  name: { kind: 'string', default: 'mymaster', doc: 'How Sentinels call the master.' },
  cluster: {
    kind: 'any',
    optional: true,
    schema: ADDRESSES,
    doc: 'Addresses of some nodes of a Redis Cluster, as `host:port`; the others are found through them.',
  },
  username: { kind: 'string', optional: true, doc: 'The user of Redis (ACL); `default` without it.' },
  password: { kind: 'string', optional: true, doc: 'The password of Redis. It is never logged.' },
  passwordFile: {
    kind: 'string',
    optional: true,
    format: 'path',
    doc: 'A file with the password, read at start. Line ends behind it are not part of it.',
  },
  tls: {
    kind: 'boolean',
    optional: true,
    doc: 'Whether Redis is reached over TLS; by default, where `url` begins with `rediss://` or `caFile` is given.',
  },
  caFile: {
    kind: 'string',
    optional: true,
    format: 'path',
    doc: 'A file with the certificates (PEM) of who may have signed that of Redis; by default those that Node.js trusts.',
  },
  prefix: {
    kind: 'string',
    default: 'mqtt-stack:',
    doc: 'What all keys begin with: services with different ones may share a Redis. Without braces and spaces.',
  },
  node: {
    kind: 'string',
    optional: true,
    doc: 'The name of this node in the service: letters, digits, `.`, `_` and `-`, at most 64. By default a new one at each start.',
  },
  parent: {
    kind: 'string',
    optional: true,
    doc: 'A name, written as that of a node, of what starts this node again, and does so only when the process before has ended: then the next one need not wait until the lease of that has run out. `--workers` sets it.',
  },
  lease: {
    kind: 'number',
    default: 10_000,
    min: 1_000,
    max: 600_000,
    unit: 'ms',
    doc: 'How long a node that is not heard of counts as alive. Behind it another node takes over what it had.',
  },
  replicas: {
    kind: 'number',
    default: 0,
    max: 16,
    doc: 'How many replicas of Redis must have a message before it is acknowledged (WAIT): a fail-over to one of them does not lose it.',
  },
  patience: {
    kind: 'number',
    default: 10_000,
    min: 100,
    max: 600_000,
    unit: 'ms',
    doc: 'How long what needs Redis waits for it where it is out of reach, before it fails.',
  },
}

export const REDIS_BACKEND_OPTIONS: OptionsSpec<RedisBackendOptions> = {
  ...REDIS_OPTIONS,
  ...SHARED_OPTIONS,
  ...BACKEND_OPTIONS,
}
