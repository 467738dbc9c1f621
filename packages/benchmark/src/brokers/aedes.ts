import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Broker } from './broker.ts'

const SERVER = fileURLToPath(new URL('../servers/aedes.js', import.meta.url))

export const aedes: Broker = {
  name: 'aedes',
  version: versionOf('aedes'),
  hint: 'pnpm install',
  features: new Set(['qos1', 'qos2', 'unsubscribe', 'retain', 'sessions', 'ws', 'tls']),
  command: ({ transport, port, cert, key }) => ({
    file: process.execPath,
    args: [SERVER, String(port), transport, cert, key],
  }),
}

function versionOf(name: string): string | undefined {
  try {
    const entry = fileURLToPath(import.meta.resolve(name))
    const root = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length)
    return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version
  } catch {
    return undefined
  }
}
