/** What each setting of Mosquitto means here. */
import type { Draft } from './draft.ts'

/** Takes over a setting, or notes why it cannot. */
export type Take = (draft: Draft, value: string) => void

const whole = (path: readonly string[], most = Number.MAX_SAFE_INTEGER, least = 0): Take => {
  return (draft, value) => {
    const number = Number(value)
    if (!Number.isSafeInteger(number) || number < 0) draft.note(`"${value}" is no number`)
    else if (number < least) draft.note(`at least ${least} here`)
    else if (number > most) draft.note(`at most ${most} here`)
    else draft.set(path, number)
  }
}
const cannot =
  (why: string): Take =>
  (draft) =>
    draft.note(why)
/** Mosquitto has one bound for who is away and for who is slow; 0 stands for none. */
const queued =
  (what: 'Messages' | 'Bytes'): Take =>
  (draft, value) => {
    const number = Number(value)
    if (!Number.isSafeInteger(number) || number < 0) draft.note(`"${value}" is no number`)
    else draft.queued.set(what, { path: [], value: number || UNBOUNDED, line: draft.line })
  }
/** A setting that this broker needs none for. */
const needless: Take = () => {}
const isTrue = (value: string): boolean => value === 'true' || value === '1'

/** Stands for what Mosquitto does not bound: the bounds of memory hold. */
const UNBOUNDED = 1_000_000_000

const BRIDGE = 'bridges are not part of this broker: connect Mosquitto, or a client of yours, to both'
const PLUGIN = 'plugins of Mosquitto do not run here: see "use" and docs/writing-a-middleware.md'
const SYSTEM = 'who starts the process decides that: see docs/deploying.md'
const LOG_TARGET = 'the log goes to standard output: redirect it, or let systemd or Docker keep it'
const PSK = 'pre-shared keys are not spoken here: use certificates'

/** Seconds of `2m`, in Mosquitto two months. */
const UNITS: Readonly<Record<string, number>> = {
  h: 3_600,
  d: 86_400,
  w: 604_800,
  m: 2_592_000,
  y: 31_536_000,
}

/** Settings of the whole broker. */
export const SETTINGS: Readonly<Record<string, Take>> = {
  allow_anonymous: (draft, value) => {
    if (draft.isPerListener) draft.listener.allowAnonymous = isTrue(value)
    else draft.allowAnonymous = isTrue(value)
  },
  password_file: (draft, value) => {
    draft.set(['auth', 'password', 'file'], value)
    if (draft.isPerListener) draft.listener.passwordFile = value
  },
  acl_file: (draft, value) => draft.set(['acl', 'file'], value),
  per_listener_settings: (draft, value) => {
    draft.isPerListener = isTrue(value)
    if (draft.isPerListener) draft.note('there is one file of users and one of rules for all listeners')
  },
  persistence: (draft, value) => {
    if (isTrue(value)) draft.set(['store', 'lmdb', 'path'], 'data')
  },
  persistence_location: cannot('"store" names the directory; what is in Mosquitto’s is not taken over'),
  persistence_file: cannot('"store" names the directory; what is in Mosquitto’s file is not taken over'),
  max_keepalive: whole(['keepalive', 'maximum'], 65_535),
  max_packet_size: whole(['stack', 'packetLimit'], 268_435_460, 64),
  message_size_limit: (draft, value) => {
    if (value === '0') return
    whole(['stack', 'packetLimit'], 268_435_460, 64)(draft, value)
    draft.note('"packetLimit" counts whole packets, with their topic: it may have to be larger')
  },
  max_inflight_messages: (draft, value) =>
    whole(['outboundManager', 'inflight'], 65_535)(draft, value === '0' ? '65535' : value),
  max_inflight_bytes: (draft, value) => {
    if (value !== '0') whole(['outboundManager', 'inflightBytes'])(draft, value)
  },
  max_queued_messages: queued('Messages'),
  max_queued_bytes: queued('Bytes'),
  memory_limit: (draft, value) => {
    if (value !== '0') whole(['stack', 'memoryCeiling'])(draft, value)
  },
  persistent_client_expiration: (draft, value) => {
    const [, count = '', unit = ''] = /^(\d+)([hdwmy])$/.exec(value) ?? []
    if (unit === '') draft.note(`"${value}" is no time such as 14d`)
    else draft.set(['sessionManager', 'maximumExpiry'], Number(count) * UNITS[unit])
  },
  retain_available: (draft, value) => {
    if (!isTrue(value)) draft.set(['retainManager'], false)
  },
  max_topic_alias: whole(['stack', 'topicAliases'], 65_535),
  max_topic_alias_broker: whole(['outboundManager', 'topicAliases'], 65_535),
  max_qos: (draft, value) => {
    if (value === '0' || value === '1') draft.set(['inboundManager', 'maximumQoS'], Number(value))
  },
  log_type: (draft, value) => {
    draft.logLine ||= draft.line
    draft.logTypes.add(value)
  },
  log_dest: (draft, value) => {
    if (value !== 'stdout' && value !== 'stderr') draft.note(LOG_TARGET)
  },
  connection_messages: needless,
  log_timestamp: needless,
  log_timestamp_format: needless,
  autosave_interval: needless,
  autosave_on_changes: needless,
  set_tcp_nodelay: needless,
  allow_zero_length_clientid: (draft, value) => {
    if (!isTrue(value)) draft.note('clients without an identifier are given one')
  },
  auto_id_prefix: cannot('identifiers that the broker gives have no prefix'),
  check_retain_source: needless,
  upgrade_outgoing_qos: cannot('a message goes out at the lower QoS of message and subscription'),
  queue_qos0_messages: cannot('QoS 0 waits for nobody who is away'),
  sys_interval: (draft, value) => {
    const seconds = Number(value)
    if (!Number.isSafeInteger(seconds) || seconds < 0) draft.note(`"${value}" is no number`)
    else if (seconds > 86_400) draft.note('at most 86400 here')
    else draft.set(['metrics', 'sysInterval'], seconds * 1_000)
  },
  retain_expiry_interval: cannot(
    'retained messages stay until they are cleared, or their own expiry is over',
  ),
  clientid_prefixes: cannot('write a rule of "acl" for "client" instead'),
  include_dir: cannot('translate each file of that folder by itself'),
  user: cannot(SYSTEM),
  pid_file: cannot(SYSTEM),
  plugin: cannot(PLUGIN),
  global_plugin: cannot(PLUGIN),
  auth_plugin: cannot(PLUGIN),
  psk_file: cannot(PSK),
  connection: cannot(BRIDGE),
  address: cannot(BRIDGE),
  addresses: cannot(BRIDGE),
  topic: cannot(BRIDGE),
}

/** Settings that begin with one of these. */
export const FAMILIES: readonly (readonly [string, Take])[] = [
  ['bridge_', cannot(BRIDGE)],
  ['cleansession', cannot(BRIDGE)],
  ['clientid', cannot(BRIDGE)],
  ['idle_timeout', cannot(BRIDGE)],
  ['keepalive_interval', cannot(BRIDGE)],
  ['notification', cannot(BRIDGE)],
  ['restart_timeout', cannot(BRIDGE)],
  ['round_robin', cannot(BRIDGE)],
  ['start_type', cannot(BRIDGE)],
  ['threshold', cannot(BRIDGE)],
  ['try_private', cannot(BRIDGE)],
  ['remote_', cannot(BRIDGE)],
  ['local_', cannot(BRIDGE)],
  ['auth_opt_', cannot(PLUGIN)],
  ['plugin_opt_', cannot(PLUGIN)],
  ['psk_', cannot(PSK)],
  ['websockets_log', needless],
]
