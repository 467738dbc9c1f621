import { fileURLToPath } from 'node:url'
import type { Broker } from './broker.ts'

const SERVER = fileURLToPath(new URL('../servers/relay.js', import.meta.url))

/** Not a broker but the limit: what Node can copy from socket to socket when nothing else is done. */
export const relay: Broker = {
  name: 'relay',
  version: `node ${process.versions.node}`,
  hint: '',
  features: new Set(),
  command: ({ port }) => ({ file: process.execPath, args: [SERVER, String(port)] }),
}
