/** A broker as one would stand on the open internet, in a directory of its own that is thrown away. */
import { execFileSync } from 'node:child_process'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const COMMAND: string = fileURLToPath(new URL('../../../../broker/dist/cli.js', import.meta.url))
// Loaded by the broker, which runs no TypeScript: the built one, also where this file is a source.
const GAUGE = fileURLToPath(new URL('../../../dist/soak/hostile/gauge.js', import.meta.url))

/** Those who use the broker as it is meant. */
export const GOOD: Login = { username: 'good', password: randomBytes(16).toString('base64url') }
/** Somebody who has a password, and no good intentions. */
export const MALLORY: Login = { username: 'mallory', password: 'mallory' }

export interface Login {
  readonly username: string
  readonly password: string
}

/** Milliseconds; those of a broker are longer, so that each would be reached seldom. */
export const WAITS = { connect: 2000, packet: 2000, drain: 2000, refusal: 30_000 } as const

/** QoS 1 and 2 messages that a client may have under way. */
export const RECEIVE_MAXIMUM = 32

const CONFIGURATION = `
listeners:
  - listen: mqtt://127.0.0.1:0 # the good ones
    name: house
  - listen: ws://127.0.0.1:0
    name: pages
  - listen: mqtt://127.0.0.1:0 # the world, through a proxy that says from where
    name: world
    proxy: { from: [127.0.0.1] }
auth: { anonymous: false, password: { file: users } }
acl:
  rules:
    - { allow: [publish, subscribe], topic: 'good/#', user: good }
    - { allow: [publish, subscribe], topic: 'noise/#', user: mallory }
    - { allow: [publish, subscribe], topic: 'kept/#', user: mallory }
limits:
  messageRate: 200
  burst: 1
  byteRate: 1048576
  connectionsPerAddress: 50
  subscriptionsPerUser: 600
  retainedPerUser: 200
  sessionsPerUser: 200
  refusalTime: ${WAITS.refusal}
connection: { connectTimeout: ${WAITS.connect} }
inboundManager: { receiveMaximum: ${RECEIVE_MAXIMUM} }
sessionManager: { maximumExpiry: 60, sweep: 200 }
stack: { packetTimeout: ${WAITS.packet}, drainTimeout: ${WAITS.drain} }
log: { format: json }
`

/**
 * @returns Where it is, and what removes it.
 * @throws Error where the command is not built.
 */
export function writeConfiguration(): { file: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'mqtt-soak-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const users = join(directory, 'users')
    const input = `${GOOD.password}\n`
    execFileSync(process.execPath, [COMMAND, 'passwd', users, GOOD.username], {
      input,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    appendFileSync(users, `${mosquittoLine(MALLORY)}\n`)
    const file = join(directory, 'broker.yaml')
    writeFileSync(file, `${CONFIGURATION}use:\n  - package: ${JSON.stringify(GAUGE)}\n`)
    return { file, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** As `mosquitto_passwd` writes it: quick to verify, so that many may connect with it. */
function mosquittoLine({ username, password }: Login): string {
  const iterations = 101
  const salt = randomBytes(12)
  const hash = pbkdf2Sync(password, salt, iterations, 64, 'sha512')
  return `${username}:$7$${iterations}$${salt.toString('base64')}$${hash.toString('base64')}`
}
