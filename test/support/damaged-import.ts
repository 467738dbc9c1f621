/** A configuration of Mosquitto with something wrong in it, and what `mqtt-stack import` makes of it. */
import { Buffer } from 'node:buffer'
import { readText } from '../../packages/broker/src/config/load-config.ts'
import { ConfigError } from '../../packages/broker/src/config/problem.ts'
import { LISTENER_OPTIONS } from '../../packages/broker/src/listeners/options.ts'
import { translate } from '../../packages/broker/src/mosquitto/translate.ts'

/** Settings of all kinds. */
export const MOSQUITTO_CONF: Buffer = Buffer.from(`# typical
per_listener_settings true
listener 1883 127.0.0.1
allow_anonymous true
listener 8883
certfile /certs/server.crt
keyfile /certs/server.key
cafile /certs/ca.crt
require_certificate true
use_identity_as_username true
tls_version tlsv1.3
password_file /etc/pw
listener 9001 ::1
protocol websockets
max_connections 100
listener 0 /run/m.sock
acl_file /etc/acl
persistence true
persistence_location /var/lib
max_keepalive 60
persistent_client_expiration 14d
max_inflight_messages 0
max_queued_messages 50
max_packet_size 2000
log_type error
log_dest stdout
retain_available false
connection bridge-1
address other:1883
topic # both 1
`)

const KNOWN = new Set(Object.values(LISTENER_OPTIONS).flatMap((rows) => Object.keys(rows)))

/**
 * Imports it, and reads what comes of that as a configuration.
 * @returns What is wrong with that, if anything is.
 * @throws Error for notes or problems that no person could use; whatever the import fails with.
 */
export async function importDamaged(bytes: Uint8Array): Promise<string | undefined> {
  const text = new TextDecoder().decode(bytes)
  const lines = text.split('\n').length
  const { yaml, notes } = translate('mosquitto.conf', text, KNOWN)
  for (const { line, why } of notes)
    if (line < 1 || line > lines || why.includes('\n')) throw new Error(`a note of line ${line}: ${why}`)
  try {
    await readText('broker.yaml', yaml, {})
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}
