/** What went wrong with Redis, and what to do, in one line. */
import { StackError } from '@mqtt-stack/core'

/** Redis answered with an error; anything else is of the connection. */
export function isReply(error: Error): boolean {
  return error.name === 'ReplyError'
}

/** Answers of a Redis that will serve the same later, or of one that has to be looked for anew. */
const PASSING = /^(LOADING|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|READONLY|MOVED|ASK|BUSY|NOREPLICAS) /

/** Whether the memory of Redis is full, as {@link failed} tells it. */
export function isFull(error: unknown): boolean {
  const { cause } = error as { cause?: unknown }
  return cause instanceof Error && cause.message.startsWith('OOM ')
}

/** Whether the same may be asked again, soon. */
export function isPassing(error: Error): boolean {
  return !isReply(error) || PASSING.test(error.message)
}

/** Redis is in reach, and its replicas are not. */
export function isOfReplicas(error: Error): boolean {
  return /^(WAITED|NOREPLICAS) /.test(error.message)
}

/** Waiting does not help: the options are wrong. */
export function isRefusal(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return (
    /^(WRONGPASS|NOAUTH|NOPERM|DENIED|ERR .*(AUTH|DB index|cluster support))/.test(error.message) ||
    isTls(error, code)
  )
}

function isTls(error: Error, code = ''): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_)|EPROTO/.test(code) ||
    /certificate/.test(error.message)
  )
}

const LOST = 'the connection was lost'
const CLOSES =
  'it closes each connection: see that it is up, and that it speaks TLS where the options say so, and only there'

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS/, 'it does not know this user and password: correct "username" and "password"'],
  [/^NOAUTH/, 'it wants a password: give "password", and "username" where it has users (ACL)'],
  [
    /^NOPERM/,
    'its user may not do what is needed (ACL): allow it all commands, keys and channels with the prefix',
  ],
  [
    /^DENIED/,
    'it takes connections of its own machine alone (protected-mode): give it a password, or bind it',
  ],
  [/^LOADING/, 'it is still loading its data'],
  [/^CLUSTERDOWN|Cluster isn't ready/, 'the Cluster is down: a part of it has no master'],
  [/^READONLY/, 'it is a read-only replica: name the master, or its Sentinels'],
  [/^MASTERDOWN/, 'it is a replica without its master'],
  [/^MOVED/, 'it is a node of a Cluster: give the addresses of its nodes as "cluster"'],
  [/^WAITED/, 'fewer of its replicas than "replicas" says have what was written'],
  [/^NOREPLICAS/, 'it has fewer replicas in reach than it wants to write (min-replicas-to-write)'],
  [/^BUSY/, 'a script keeps it busy'],
  [/^OOM/, 'its memory is full (maxmemory): give it more, or let sessions end'],
  [/^MISCONF/, 'it cannot write to its disk: see its log'],
  [/^WRONGTYPE/, 'another program has written keys of this prefix: give "prefix" another value'],
  [/cluster support disabled/, 'it is no Cluster: give its address as "url"'],
  [/DB index is out of range/, 'it has no database of this number: correct "url"'],
  [/without any password|no password is set/, 'it has no password: leave out "password"'],
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct the address'],
  [/ENOTFOUND|EAI_AGAIN/, 'there is no such host: correct the address'],
  [/ETIMEDOUT|Socket timeout/, 'it does not answer'],
  [
    /ECONNRESET|EPIPE|onnection is closed|connection close|Stream isn't writeable|max retries per request/,
    LOST,
  ],
  [
    /unable to verify|self.signed|unable to get/i,
    'its certificate is signed by nobody that is trusted: give "caFile"',
  ],
  [/altnames/, 'its certificate is for another name: correct the address'],
  [/certificate has expired/, 'its certificate is over'],
  [
    /EPROTO|wrong version number|packet length|socket disconnected before secure/,
    'it does not speak TLS there: correct the address or "tls"',
  ],
  [/All sentinels are unreachable/, 'no Sentinel of them answers, or none knows that name'],
]

/** Why, in a few words and with what to do. Nothing of what was sent is in it. */
export function reasonOf(error: Error): string {
  const { code = '', lastNodeError } = error as NodeJS.ErrnoException & { lastNodeError?: Error }
  if (lastNodeError !== undefined) return reasonOf(lastNodeError)
  const text = `${error.message} ${code}`
  const known = KNOWN.find(([pattern]) => pattern.test(text))
  return known?.[1] ?? (error.message || code)
}

/** What a call fails with that has waited for long enough, or that Redis refused. */
export function failed(label: string, error: Error): StackError {
  return new StackError('STORE_FAILED', `redis-backend: cannot use ${label}: ${reasonOf(error)}`, {
    cause: error,
  })
}

/** The same where it has not been used yet. */
export function unusable(label: string, error: Error): StackError {
  const known = reasonOf(error)
  const reason = known === LOST ? CLOSES : known
  return new StackError('STORE_UNUSABLE', `redis-backend: cannot use ${label}: ${reason}`, {
    cause: error,
  })
}

/** The error alone: what ioredis puts beside it (the command with all its arguments) may be secret. */
export function bare(error: Error): Error {
  const { code, lastNodeError } = error as NodeJS.ErrnoException & { lastNodeError?: Error }
  return Object.assign(new Error((lastNodeError ?? error).message), { code, name: error.name })
}
