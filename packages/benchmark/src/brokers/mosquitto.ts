import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Broker, Listen } from './broker.ts'

// Debian puts it where only root's PATH looks.
const CANDIDATES = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto']

const installed = find()

/** With its own defaults: Nagle's algorithm is on, which gathers its many small writes. */
export const mosquitto: Broker = mosquittoWith('mosquitto')

/** Without the Nagle delay, as mqtt-stack is: slower in a flood, and no 40 ms stall when there is none. */
export const mosquittoNoDelay: Broker = {
  ...mosquittoWith('mosquitto-nodelay', () => ['set_tcp_nodelay true']),
  extra: true,
}

export function mosquittoWith(name: string, settings: (listen: Listen) => string[] = () => []): Broker {
  return {
    name,
    version: installed?.version,
    hint: 'apt-get install mosquitto',
    features: new Set(['qos1', 'qos2', 'unsubscribe', 'retain', 'sessions', 'v5', 'shared', 'ws', 'tls']),
    command(listen) {
      const path = join(listen.directory, 'mosquitto.conf')
      writeFileSync(path, [...configuration(listen), ...settings(listen), ''].join('\n'))
      return { file: installed?.file ?? 'mosquitto', args: ['-c', path] }
    },
  }
}

/** As it comes, but for limits that the closed loop would run into: it must not have to drop anything. */
function configuration({ transport, port, sparePort, cert, key }: Listen): string[] {
  return [
    // 2.0.11 refuses to start with no listener but a WebSocket one.
    transport === 'ws' ? `listener ${sparePort} 127.0.0.1` : '',
    `listener ${port} 127.0.0.1`,
    transport === 'ws' ? 'protocol websockets' : '',
    transport === 'tls' ? `certfile ${cert}\nkeyfile ${key}` : '',
    'allow_anonymous true',
    'max_queued_messages 100000',
    'max_inflight_messages 0',
    // Started by root it would become another user, who may not read the run's directory.
    process.getuid?.() === 0 ? 'user root' : '',
  ]
}

function find(): { file: string; version: string } | undefined {
  for (const file of CANDIDATES) {
    const { stdout } = spawnSync(file, ['-h'], { encoding: 'utf8' })
    const version = /mosquitto version (\S+)/.exec(stdout ?? '')?.[1]
    if (version) return { file, version }
  }
  return undefined
}
