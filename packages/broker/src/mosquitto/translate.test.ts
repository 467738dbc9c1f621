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
  - listen: mqtts://[::]:8883 # mosquitto.conf:3
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

describe('is never more open than the file', () => {
  test('where listeners differ, each says who it asks', async () => {
    const { yaml, notes } = await imported(`per_listener_settings true
listener 1883 127.0.0.1
allow_anonymous true
listener 1884
allow_anonymous false
password_file users
acl_file acl
listener 1885
`)
    expect(yaml).toContain(`listeners:
  - listen: mqtt://127.0.0.1:1883 # mosquitto.conf:2
    providers: [ anonymous ]
  - listen: mqtt://[::]:1884 # mosquitto.conf:4
    providers: [ password ]
auth:
  anonymous: true
`)
    expect(notes).toEqual([
      'mosquitto.conf:1: per_listener_settings true: there is one file of users and one of rules for all listeners',
      'mosquitto.conf:8: listener 1885: nobody may connect there: it is left out',
    ])
  })

  test('who comes with a certificate is who it says', async () => {
    const { yaml } = await imported(`password_file users
listener 8883
certfile c
keyfile k
cafile a
require_certificate true
use_identity_as_username true
listener 1883
`)
    expect(yaml).toContain('    ca: a # mosquitto.conf:5\n    providers: [ certificate ]\n')
    expect(yaml).toContain('listen: mqtt://[::]:1883 # mosquitto.conf:8\n    providers: [ password ]\n')
  })

  test.each([
    [
      'capath /certs\nrequire_certificate true',
      'ca: /certs # mosquitto.conf:4',
      'mosquitto.conf:4: capath /certs: "ca" is one file: put the certificates of that folder into one, and name it',
    ],
    [
      'require_certificate true',
      'ca: authorities.pem # mosquitto.conf:1',
      'mosquitto.conf:1: listener 8883: it requires certificates, and no authorities are named: name their file in "ca"',
    ],
  ])('authorities that are not in one file: %j', async (lines, ca, note) => {
    const { yaml, notes } = await imported(
      `listener 8883\ncertfile c\nkeyfile k\n${lines}\nallow_anonymous true\n`,
    )
    expect(yaml).toContain(`    ${ca}\n`)
    expect(yaml).not.toContain('clientCertificate')
    expect(notes).toEqual([note])
  })
})

test('what waits for a client, whether it is away or slow', async () => {
  const { yaml } = await imported('max_queued_messages 5000\nmax_queued_bytes 0\npersistence true\n')
  expect(yaml).toContain(`store:
  lmdb:
    path: data # mosquitto.conf:3
    sessionMessages: 5000 # mosquitto.conf:1
    sessionBytes: 1000000000 # mosquitto.conf:2
outboundManager:
  queueMessages: 5000 # mosquitto.conf:1
  queueBytes: 1000000000 # mosquitto.conf:2
`)
})

test.each([
  ['log_type error', 'log:\n  level: error # mosquitto.conf:1\n'],
  ['log_type error\nlog_type warning', 'log:\n  level: warn # mosquitto.conf:1\n'],
  ['log_type all', 'log:\n  level: debug # mosquitto.conf:1\n'],
])('what is logged: %j', async (text, level) => {
  expect((await imported(text)).yaml).toContain(level)
})

test('how often $SYS is published', async () => {
  expect((await imported('sys_interval 10')).yaml).toContain(
    'metrics:\n  sysInterval: 10000 # mosquitto.conf:1\n',
  )
})

test('origins, all of them', async () => {
  const { yaml } = await imported(
    'listener 9001\nprotocol websockets\nwebsockets_origin https://a\nwebsockets_origin https://b\n',
  )
  expect(yaml).toContain('origins: [ https://a, https://b ] # mosquitto.conf:3')
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
    ['sys_interval soon', '"soon" is no number'],
    ['sys_interval 90000', 'at most 86400 here'],
    ['max_keepalive soon', '"soon" is no number'],
    ['max_keepalive 70000', 'at most 65535 here'],
    ['max_packet_size 20', 'at least 64 here'],
    ['enable_proxy_protocol 2', '"proxy" of a listener does it, with the addresses of your proxies'],
    [
      'try_private true',
      'bridges are not part of this broker: connect Mosquitto, or a client of yours, to both',
    ],
    ['persistent_client_expiration soon', '"soon" is no time such as 14d'],
    ['listener http', '"http" is no port'],
    [
      'max_inflight_mesages 3',
      'no setting of Mosquitto that is known here: did you mean "max_inflight_messages"?',
    ],
    ['nonsense', 'no setting of Mosquitto that is known here'],
    ['per_listener_settings true', 'there is one file of users and one of rules for all listeners'],
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
