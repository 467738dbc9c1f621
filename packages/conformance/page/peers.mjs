// The other brokers of docs/conformance.md: how each of their configurations is started.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, open, start } from './processes.mjs'

/** @typedef {import('../src/harness/target.ts').Target} Target */
/**
 * @typedef {object} Configuration
 * @property {(directory: string) => Promise<import('./processes.mjs').Running & { webSocketPort?: number }>} start
 * @property {Partial<Target>} known what the suite is told about it
 */
/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {() => string} version throws where it is not installed
 * @property {(directory: string) => void} [prepare]
 * @property {Configuration[]} configurations a test takes the first to which it applies
 */

const credentials = { username: 'conformance', password: 'secret' }
const guardedBy = {
  credentials,
  strangers: { username: 'conformance', password: 'wrong' },
  forbiddenTopic: 'forbidden/topic',
}

/** @type {Record<string, Peer>} */
export const PEERS = {
  mosquitto: {
    name: 'Mosquitto',
    version: mosquittoVersion,
    configurations: [
      { start: (directory) => mosquitto(directory, ['allow_anonymous true']), known: {} },
      { start: (directory) => mosquitto(directory, guardedMosquitto(directory)), known: guardedBy },
      {
        start: (directory) =>
          mosquitto(directory, [
            'allow_anonymous true',
            'max_qos 0',
            'retain_available false',
            'max_topic_alias 0',
            'max_keepalive 10',
            'max_packet_size 100000',
          ]),
        known: {},
      },
    ],
  },
  aedes1: aedes('1.2.0'),
  aedes2: aedes('2.0.0-beta.1'),
}

/** As the program says, and as Debian says. */
function mosquittoVersion() {
  const { stdout } = spawnSync(mosquittoFile(), ['-h'], { encoding: 'utf8' })
  const version = /mosquitto version (\S+)/.exec(stdout ?? '')?.[1]
  if (version === undefined) throw new Error('mosquitto is not installed: apt-get install mosquitto')
  const { stdout: debian } = spawnSync('dpkg-query', ['-W', '-f', `\${Version}`, 'mosquitto'], {
    encoding: 'utf8',
  })
  return debian ? `${version} (Debian ${debian})` : version
}

// Debian puts it where only root's PATH looks.
function mosquittoFile() {
  const found = ['mosquitto', '/usr/sbin/mosquitto'].find((file) => !spawnSync(file, ['-h']).error)
  return found ?? 'mosquitto'
}

/** @param {string} directory @param {string[]} settings */
async function mosquitto(directory, settings) {
  const [port, webSocketPort] = [await freePort(), await freePort()]
  const path = join(directory, `mosquitto-${port}.conf`)
  const lines = [
    'per_listener_settings false',
    ...settings.filter((line) => !PER_LISTENER.test(line)),
    process.getuid?.() === 0 ? 'user root' : '',
    `listener ${port} 127.0.0.1`,
    ...settings.filter((line) => PER_LISTENER.test(line)),
    `listener ${webSocketPort} 127.0.0.1`,
    'protocol websockets',
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  return { ...(await start(mosquittoFile(), ['-c', path], port)), webSocketPort }
}

const PER_LISTENER = /^(max_qos|max_topic_alias) /

/** @param {string} directory */
function guardedMosquitto(directory) {
  const [passwords, rules] = [join(directory, 'passwords'), join(directory, 'rules')]
  const made = spawnSync('mosquitto_passwd', [
    '-c',
    '-b',
    passwords,
    credentials.username,
    credentials.password,
  ])
  if (made.status !== 0) throw new Error('mosquitto_passwd failed')
  writeFileSync(rules, `user ${credentials.username}\ntopic readwrite #\ntopic deny forbidden/#\n`)
  return ['allow_anonymous false', `password_file ${passwords}`, `acl_file ${rules}`]
}

/**
 * @param {string} version
 * @returns {Peer}
 */
function aedes(version) {
  const program = fileURLToPath(new URL('aedes.mjs', import.meta.url))
  /** @param {string} directory */
  const folder = (directory) => join(directory, `aedes-${version}`)
  return {
    name: 'Aedes',
    version: () => version,
    prepare(directory) {
      mkdirSync(folder(directory))
      writeFileSync(join(folder(directory), 'package.json'), '{ "private": true }\n')
      const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `aedes@${version}`]
      const { status } = spawnSync('npm', args, {
        cwd: folder(directory),
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      if (status !== 0) throw new Error(`npm could not install aedes ${version}`)
    },
    configurations: [
      { start: (directory) => start(process.execPath, [program, folder(directory), 'plain']), known: {} },
      {
        start: (directory) => start(process.execPath, [program, folder(directory), 'guarded']),
        known: guardedBy,
      },
    ],
  }
}

/**
 * Targets of a peer that are started when they are first wanted, and again when they have died.
 * @param {Peer} peer
 * @param {string} directory
 */
export function targetsOf(peer, directory) {
  /** @type {(import('./processes.mjs').Running & { webSocketPort?: number })[]} */
  const running = []
  let deaths = 0
  const setups = peer.configurations.map(({ start: begin, known }) => {
    /** @type {Promise<import('./processes.mjs').Running & { webSocketPort?: number }> | undefined} */
    let current
    return async () => {
      if (current !== undefined && !(await current).alive()) {
        deaths++
        current = undefined
      }
      current ??= begin(directory)
      const broker = await current
      if (!running.includes(broker)) running.push(broker)
      const { port, webSocketPort } = broker
      const webSocket = webSocketPort && { path: '/mqtt', connect: () => open(webSocketPort) }
      return { connect: () => open(port), ...known, ...(webSocket && { webSocket }) }
    }
  })
  return {
    setups,
    deaths: () => deaths,
    stop: () => Promise.all(running.map((broker) => broker.stop())),
  }
}
