// Enhanced authentication of MQTT 5.0: SCRAM-SHA-256 (RFC 5802, RFC 7677) as a middleware: `node scram-sha-256.mjs 1883`
// The client proves that it knows the password, and the broker that it knows the user; the password itself is never sent.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createBroker, Slot } from '@mqtt-stack/broker'

const METHOD = 'SCRAM-SHA-256'

/** @typedef {{ salt: Buffer, iterations: number, storedKey: Buffer, serverKey: Buffer }} Credentials */

/**
 * What is kept of a password: enough to check it, not enough to be taken for the user.
 * @param {string} password
 * @returns {Credentials}
 */
export function credentialsOf(password, salt = randomBytes(16), iterations = 4_096) {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  return {
    salt,
    iterations,
    storedKey: createHash('sha256').update(hmac(salted, 'Client Key')).digest(),
    serverKey: hmac(salted, 'Server Key'),
  }
}

/**
 * The provider.
 * @param {ReadonlyMap<string, Credentials>} users
 * @param {() => string} [makeNonce]
 * @returns {import('@mqtt-stack/broker').MiddlewareLike}
 */
export function scramSha256(users, makeNonce = () => randomBytes(18).toString('base64')) {
  // Where the exchange with a client stands: what was said so far, in the words of RFC 5802.
  const exchange = new Slot(() => ({ header: '', user: '', nonce: '', first: '', open: false }))
  // Whoever asks for a user that is not there is asked for a proof all the same, always with the same salt.
  const secret = randomBytes(32)

  /** @param {string} user */
  function unknown(user) {
    return credentialsOf(randomBytes(16).toString('hex'), hmac(secret, user).subarray(0, 16), 4_096)
  }

  return {
    name: 'ScramSha256',

    // Nobody is let in by user name and password.
    authenticateConnection(_ctx, store) {
      store.valid = false
    },

    authenticateExchange({ client, method, data, packet }, store) {
      if (method !== METHOD) return
      const state = exchange.of(client)
      const message = Buffer.from(data ?? []).toString()
      const begins = packet.cmd === 'connect' || packet.reasonCode === 0x19
      store.state = 'failure'
      if (begins) {
        state.open = false
        const [, header, bare, name, nonce] =
          /^([ny],(?:a=[^,]+)?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+))(?:,.*)?$/.exec(message) ?? []
        if (bare === undefined || /=(?!2C|3D)/.test(name)) return
        state.header = header
        state.user = name.replaceAll('=2C', ',').replaceAll('=3D', '=').normalize('NFKC')
        state.nonce = nonce + makeNonce()
        const { salt, iterations } = users.get(state.user) ?? unknown(state.user)
        const answer = `r=${state.nonce},s=${salt.toString('base64')},i=${iterations}`
        state.first = `${bare},${answer}`
        state.open = true
        store.state = 'continue'
        store.data = Buffer.from(answer)
        return
      }
      const known = users.get(state.user)
      const [, unproven, header, nonce, proof] = /^(c=([^,]+),r=([^,]+)),p=([^,]+)$/.exec(message) ?? []
      const wasOpen = state.open
      state.open = false
      if (!wasOpen || known === undefined || nonce !== state.nonce) return
      if (Buffer.from(header, 'base64').toString() !== state.header) return
      const said = `${state.first},${unproven}`
      const signature = hmac(known.storedKey, said)
      const given = Buffer.from(proof, 'base64')
      if (given.length !== signature.length) return
      const clientKey = signature.map((byte, i) => byte ^ given[i])
      if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), known.storedKey)) return
      store.state = 'success'
      store.identity = state.user
      store.data = Buffer.from(`v=${hmac(known.serverKey, said).toString('base64')}`)
    },
  }
}

/**
 * @param {Uint8Array} key
 * @param {string} text
 */
function hmac(key, text) {
  return createHmac('sha256', key).update(text).digest()
}

if (realpathSync(process.argv[1]) === import.meta.filename) {
  const users = new Map([['joe', credentialsOf('secret')]])
  const broker = createBroker({
    listeners: [{ transport: 'tcp', port: Number(process.argv[2] ?? 1883) }],
    use: [{ middleware: scramSha256(users), after: 'authentication' }],
    // Whoever is let in may do everything.
    authorize: false,
  })
  broker.on('clientConnected', ({ client }) => console.log(`${client.session.identity} is here`))
  const [{ port }] = await broker.listen()
  console.log(`listening on ${port}`)
}
