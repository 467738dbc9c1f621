/** Why a handshake of TLS came to nothing, in one sentence for whoever reads the log. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { beneath } from './beneath.ts'
import { certificateProblem } from './certificate-problem.ts'

/** An error of node:tls. */
type HandshakeError = NodeJS.ErrnoException & { readonly reason?: string }

/** What a sentence depends on. */
export interface Spoken {
  /** The scheme that clients are to use: `mqtts` or `wss`. */
  readonly scheme: 'mqtts' | 'wss'
  /** Of the listener, in ms. */
  readonly handshakeTimeout: number
}

const SHOW = 'give the client the certificate of the authority that has signed it'
/** By the words of OpenSSL, of which each version has its own in front. */
const SENTENCES: readonly (readonly [RegExp, string | ((spoken: Spoken) => string)])[] = [
  [
    /did not return a certificate/,
    'the client has shown no certificate: it needs one of an authority in "ca", unless "clientCertificate" is "optional"',
  ],
  [
    /no shared cipher|no suitable signature/,
    'client and listener have no cipher in common: see the options "ciphers" of both, and whether the client can use the kind of key that the certificate has',
  ],
  [
    /no suitable (key share|groups)|no shared groups?/,
    'client and listener have no curve in common ("ecdhCurve" in option "tls")',
  ],
  [
    /unsupported protocol|version too low|alert protocol version/,
    'client and listener have no version of TLS in common (options "minVersion" and "maxVersion")',
  ],
  [
    /no application protocol/,
    'the client asks by ALPN for other protocols alone: let it ask for none, or name one of its own in option "alpn"',
  ],
  [
    /https? (proxy )?request/,
    ({ scheme }) => `the client speaks HTTP without TLS: ${scheme}:// is spoken here`,
  ],
  [
    /wrong version number|packet length too long|unknown protocol|bad record type|record layer failure/,
    ({ scheme }) => `the client does not speak TLS: have it connect with ${scheme}://`,
  ],
  [/alert unknown ca/, `the client does not trust the certificate of this listener (unknown ca): ${SHOW}`],
  [
    /alert (bad certificate|certificate unknown|unsupported certificate)/,
    `the client does not accept the certificate of this listener: see whether it is for the host name that the client connects to, and ${SHOW}`,
  ],
  [
    /alert certificate expired/,
    'the client says that the certificate of this listener has run out: renew it',
  ],
  [/alert certificate revoked/, 'the client says that the certificate of this listener has been revoked'],
]

/** @param socket The connection, as `tlsClientError` tells it: it may be gone. */
export function handshakeFailure(error: HandshakeError, socket: Socket, spoken: Spoken): string {
  return `the TLS handshake failed: ${sentenceOf(error, socket, spoken)}`
}

function sentenceOf(error: HandshakeError, socket: Socket, spoken: Spoken): string {
  const { code, reason, message } = error
  // Node has closed the connection then, and tells of that alone.
  const refused = (socket as Partial<TLSSocket>).authorizationError
  if (refused) return `the client’s certificate ${certificateProblem(refused)}`
  const plain = beneath(socket) ?? socket
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT')
    return `it was not complete within ${spoken.handshakeTimeout} ms (option "handshakeTimeout")`
  if (code === 'ECONNRESET' || code === 'EPIPE') return hungUp(plain)
  if (reason === undefined) return message
  const found = SENTENCES.find(([words]) => words.test(reason))?.[1]
  if (found !== undefined) return typeof found === 'string' ? found : found(spoken)
  return /alert /.test(reason)
    ? `the client broke it off with the ${reason.slice(reason.indexOf('alert '))}`
    : `what the client sent cannot be used (${reason})`
}

/** By what came and went before. */
function hungUp({ bytesRead, bytesWritten }: Socket): string {
  if (bytesRead === 0)
    return 'the client hung up before it said anything, as whoever looks whether a port is open'
  if (bytesWritten === 0) return 'the client hung up in the middle of its first message'
  return 'the client hung up when it had seen the certificate of this listener: it may not trust it, or want another host name'
}
