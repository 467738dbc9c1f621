// Brokers as processes of their own: started on a free loopback port, ended by their process id.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const HOST = '127.0.0.1'

/** @typedef {{ port: number, alive: () => boolean, stop: () => Promise<void> }} Running */

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/**
 * @param {number} port
 * @returns {Promise<import('node:net').Socket>}
 */
export async function open(port) {
  const socket = connect({ host: HOST, port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/**
 * Starts a program and waits until it listens.
 * @param {string} file
 * @param {string[]} args
 * @param {number} [port] where it will listen; without, its first line of output is the port
 * @returns {Promise<Running>}
 */
export async function start(file, args, port) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-1_000)
  })
  const alive = () => child.exitCode === null && child.signalCode === null
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let at = port
  child.stdout.on('data', (chunk) => {
    at ??= Number(chunk)
  })
  for (let tries = 0; ; tries++) {
    if (!alive() || tries > 500) throw new Error(`${file} did not start: ${said}`)
    if (at !== undefined && (await accepts(at))) break
    await delay(20)
  }
  return {
    port: at,
    alive,
    async stop() {
      process.off('exit', kill)
      if (!alive()) return
      child.kill('SIGTERM')
      await Promise.race([once(child, 'exit'), delay(2_000).then(kill)])
    },
  }
}

/** @param {number} port */
async function accepts(port) {
  try {
    ;(await open(port)).destroy()
    return true
  } catch {
    return false
  }
}
