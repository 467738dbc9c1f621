// A process that is an Aedes broker: `node aedes.mjs <folder with node_modules> <plain|guarded>`; prints its port.
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {(error: Error | null, answer?: unknown) => void} Callback */

const [folder, configuration] = process.argv.slice(2)
const path = createRequire(join(folder, 'index.js')).resolve('aedes')
const { Aedes } = await import(pathToFileURL(path).href)
const broker = await Aedes.createBroker(configuration === 'guarded' ? guarded() : {})
const server = createServer(broker.handle)
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(port)
})

/** Users and rules like those that the suite tells all brokers. */
function guarded() {
  return {
    /** @type {(client: unknown, username: string, password: Uint8Array, callback: Callback) => void} */
    authenticate(_client, username, password, callback) {
      const known = username === 'conformance' && String(password) === 'secret'
      callback(known ? null : Object.assign(new Error('refused'), { returnCode: 5 }), known)
    },
    /** @type {(client: unknown, packet: { topic: string }, callback: Callback) => void} */
    authorizePublish(_client, { topic }, callback) {
      callback(topic.startsWith('forbidden') ? new Error('forbidden') : null)
    },
    /** @type {(client: unknown, subscription: { topic: string }, callback: Callback) => void} */
    authorizeSubscribe(_client, subscription, callback) {
      callback(null, subscription.topic.startsWith('forbidden') ? null : subscription)
    },
  }
}
