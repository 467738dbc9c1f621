/** The sections of a configuration that are made by packages of their own. */

/** A package that is loaded where the configuration has its section. */
export interface Section {
  /** The section: `auth.password`. */
  readonly path: readonly string[]
  readonly package: string
  /** The class that is exported by it. */
  readonly class: string
  readonly doc: string
}

/** A section of `auth`. */
export type ProviderName = 'password' | 'scram' | 'jwt' | 'http' | 'certificate'

/** Who clients are: each section of `auth` is a provider, asked in the order of the file. */
export const PROVIDERS: Readonly<Record<ProviderName, Section>> = {
  password: section(['auth', 'password'], 'auth-password', 'PasswordAuth', 'Users and passwords in a file.'),
  scram: section(['auth', 'scram'], 'auth-scram', 'ScramAuth', 'SCRAM (5.0), with the users of a file.'),
  jwt: section(['auth', 'jwt'], 'auth-jwt', 'JwtAuth', 'Signed tokens as passwords.'),
  http: section(['auth', 'http'], 'auth-http', 'HttpAuth', 'A web service says who is let in.'),
  certificate: section(
    ['auth', 'certificate'],
    'auth-certificate',
    'CertificateAuth',
    'Client certificates say who a client is.',
  ),
}

/** What clients may do. */
export const ACL: Section = section(
  ['acl'],
  'acl',
  'Acl',
  'What clients may do; nothing that no rule allows.',
)

/** How much of it. */
export const LIMITS: Section = section(['limits'], 'rate-limit', 'RateLimit', 'How much clients may do.')

/** A durable store. */
export const LMDB: Section = section(
  ['store', 'lmdb'],
  'lmdb-backend',
  'LmdbBackend',
  'Sessions and messages in a directory, over restarts and crashes.',
)

/** A store that several brokers share. */
export const REDIS: Section = section(
  ['store', 'redis'],
  'redis-backend',
  'RedisBackend',
  'Sessions and messages in Redis: all brokers that share it are one service.',
)

/** The API for operators. */
export const ADMIN: Section = section(
  ['admin'],
  'admin',
  'Admin',
  'The API for operators, over HTTP; without this section it is off.',
)

/** What is counted. */
export const METRICS: Section = section(
  ['metrics'],
  'metrics',
  'Metrics',
  'What is counted, for Prometheus, OpenTelemetry and `$SYS`; without this section nothing is.',
)

/** Who looks on. */
export const TRACING: Section = section(
  ['tracing'],
  'tracing',
  'Tracing',
  'Live traces, why a message did not come, and OpenTelemetry spans; without this section it is there where `admin` is.',
)

/** Stands for the built-in provider of clients that nobody has to know, where listeners name providers. */
export const ANONYMOUS = 'anonymous'

function section(path: readonly string[], name: string, className: string, doc: string): Section {
  return { path, package: `@mqtt-stack/${name}`, class: className, doc }
}
