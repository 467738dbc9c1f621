import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Broker, Listen } from './broker.ts'

const PACKAGE = fileURLToPath(new URL('../../../broker/', import.meta.url))
const CLI = `${PACKAGE}dist/cli.js`

/** Our own, as `npm start` runs it: the default stack with all its bounds. */
export const mqttStack: Broker = {
  name: 'mqtt-stack',
  version: existsSync(CLI) ? JSON.parse(readFileSync(`${PACKAGE}package.json`, 'utf8')).version : undefined,
  hint: 'pnpm build',
  features: new Set([
    'qos1',
    'qos2',
    'unsubscribe',
    'retain',
    'sessions',
    'v5',
    'shared',
    'ws',
    'tls',
    'attack',
  ]),
  command: (listen) => ({ file: process.execPath, args: [CLI, ...flags(listen)] }),
}

function flags({ transport, port, sparePort, cert, key }: Listen): string[] {
  switch (transport) {
    case 'ws':
      return ['--port', String(sparePort), '--ws-port', String(port)]
    case 'tls':
      return ['--port', String(port), '--no-ws', '--cert', cert, '--key', key]
    default:
      return ['--port', String(port), '--no-ws']
  }
}
