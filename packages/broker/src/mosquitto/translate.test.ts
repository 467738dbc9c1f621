/** What becomes of a configuration of Mosquitto. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { importMosquitto } from '../commands/import.ts'
import { readText } from '../config/load-config.ts'

async function imported(text: string): Promise<{ yaml: string; notes: string[] }> {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const file = join(path, 'mosquitto.conf')
  writeFileSync(file, text)
  let [yaml, said] = ['', '']
  const stdout = { write: (part: string) => (yaml += part) }
  const stderr = { write: (part: string) => (said += part) }
  expect(await importMosquitto([file], { stdin: Readable.from([]), stdout, stderr, env: {} })).toBe(0)
  // What comes of it is a configuration.
  await readText('broker.yaml', yaml, {})
  return { yaml, notes: said.split('\n').slice(0, -1) }
}

test('listeners, who is let in, rules, limits and the store, each with its line', async () => {
  const { yaml, notes } = await imported(`# a typical one
listener 1883 127.0.0.1
listener 8883
certfile /certs/server.crt
keyfile /certs/server.key
cafile /certs/ca.crt
require_certificate true
tls_version tlsv1.3
listener 9001 ::
protocol websockets
max_connections 100
listener 0 /run/mosquitto.sock

allow_anonymous false
acl_file /etc/mosquitto/acl
persistence true
max_keepalive 60
persistent_client_expiration 14d
max_inflight_messages 0
retain_available false
`)
  expect(notes).toEqual([])
  expect(yaml).toBe(`# From mosquitto.conf, by mqtt-stack import. What each value comes from stands behind it.

listeners:
  - listen: mqtt://127.0.0.1:1883 # mosquitto.conf:2
  - listen: mqtts://0.0.0.0:8883 # mosquitto.conf:3
    cert: /certs/server.crt # mosquitto.conf:4
    key: /certs/server.key # mosquitto.conf:5
    ca: /certs/ca.crt # mosquitto.conf:6
    minVersion: TLSv1.3 # mosquitto.conf:8
  - listen: ws://[::]:9001 # mosquitto.conf:9
    maxConnections: 100 # mosquitto.conf:11
  - listen: unix:/run/mosquitto.sock # mosquitto.conf:12
auth:
  anonymous: false
acl:
  file: /etc/mosquitto/acl # mosquitto.conf:15
store:
  lmdb:
    path: data # mosquitto.conf:16
keepalive:
  maximum: 60 # mosquitto.conf:17
sessionManager:
  maximumExpiry: 1209600 # mosquitto.conf:18
outboundManager:
  inflight: 65535 # mosquitto.conf:19
retainManager: false # mosquitto.conf:20
`)
})

test('an empty one listens for this machine alone, as Mosquitto does', async () => {
  expect(await imported('')).toEqual({
    yaml: `# From mosquitto.conf, by mqtt-stack import. What each value comes from stands behind it.

listeners:
  - listen: mqtt://127.0.0.1:1883
auth:
  anonymous: local
`,
    notes: [],
  })
})

test('a listener lets in nobody without a name, unless the file says so', async () => {
  expect((await imported('listener 1883')).yaml).toContain('anonymous: false')
  expect((await imported('listener 1883\nallow_anonymous true')).yaml).toContain('anonymous: true')
})

test('authorities that nobody needs a certificate of', async () => {
  const { yaml } = await imported('listener 8883\ncertfile c\nkeyfile k\ncafile a\n')
  expect(yaml).toContain('clientCertificate: optional')
})

describe('lists what cannot be translated, with its line', () => {
  test.each([
    [
      'connection cloud',
      'bridges are not part of this broker: connect Mosquitto, or a client of yours, to both',
    ],
    [
      'bridge_cafile /x',
      'bridges are not part of this broker: connect Mosquitto, or a client of yours, to both',
    ],
    [
      'plugin /usr/lib/dynsec.so',
      'plugins of Mosquitto do not run here: see "use" and docs/writing-a-middleware.md',
    ],
    ['tls_version tlsv1.1', 'tlsv1.1 is not safe, and not spoken here'],
    ['psk_file /psk', 'pre-shared keys are not spoken here: use certificates'],
    ['max_keepalive soon', '"soon" is no number'],
    ['max_keepalive 70000', 'at most 65535 here'],
    ['persistent_client_expiration soon', '"soon" is no time such as 14d'],
    ['listener http', '"http" is no port'],
    [
      'max_inflight_mesages 3',
      'no setting of Mosquitto that is known here: did you mean "max_inflight_messages"?',
    ],
    ['nonsense', 'no setting of Mosquitto that is known here'],
    [
      'per_listener_settings true',
      'one file of users and one of rules is for all listeners: "providers" says who asks',
    ],
    ['log_dest syslog', 'the log goes to standard output: redirect it, or let systemd or Docker keep it'],
  ])('%s', async (line, why) => {
    const { notes } = await imported(`# first\n${line}\n`)
    expect(notes).toEqual([`mosquitto.conf:2: ${line}: ${why}`])
  })

  test('two files of users', async () => {
    const { notes } = await imported('listener 1\npassword_file a\nacl_file r\nlistener 2\nacl_file s\n')
    expect(notes).toEqual(['mosquitto.conf:5: acl_file s: there is one for all listeners, that of line 3'])
  })
})
