/** What could not be opened at a start, as far as that is seen without opening it. */
import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { dirname } from 'node:path'
import { isLoopback } from '@mqtt-stack/core'
import type { LoadedConfig } from '../config/load-config.ts'
import type { ListenUrl } from '../listeners/listen-url.ts'
import { parseListenUrl } from '../listeners/listen-url.ts'
import { LISTENER_OPTIONS } from '../listeners/options.ts'
import type { Finding } from './finding.ts'
import type { Service } from './services.ts'

const EVERYWHERE = new Set(['0.0.0.0', '::'])

/** @param services What listens beside the listeners. */
export function openingsOf({ parsed, value }: LoadedConfig, services: readonly Service[] = []): Finding[] {
  const found: Finding[] = []
  const urls = (value.listeners ?? []).map(({ listen }) => parseListenUrl(listen))
  for (const [i, url] of urls.entries()) {
    const where = parsed.at(['listeners', i, 'listen'])
    const add = (level: Finding['level'], message: string): void => void found.push({ level, where, message })
    const { listen } = value.listeners?.[i] ?? {}
    // Port 0 is another one each time.
    const same = url.port === 0 ? i : urls.findIndex((one) => areOne(one, url))
    if (same < i) add('error', `${listen} is taken by listeners[${same}] already`)
    if (url.transport === 'unix') {
      const path = url.path as string
      const there = statSync(path, { throwIfNoEntry: false })
      const folder = statSync(dirname(path), { throwIfNoEntry: false })
      if (there !== undefined && !there.isSocket())
        add('error', `${listen} cannot be opened: ${path} is no socket, and stays as it is`)
      // What starts the broker may make it, as systemd does.
      if (folder?.isDirectory() !== true)
        add('note', `${listen} cannot be opened as long as there is no folder ${dirname(path)}`)
    } else if (!isOfThisMachine(url.host as string))
      add('warning', `this machine has no address ${url.host}: it cannot listen there`)
  }
  const taken = urls.map((url, i) => ({ url, by: `listeners[${i}]` }))
  for (const { url: text, section, option } of services) {
    const url = placeOf(text)
    const same = taken.find((one) => areOne(one.url, url))
    const where = parsed.at([section, option])
    if (same !== undefined)
      found.push({ level: 'error', where, message: `${text} is taken by ${same.by} already` })
    taken.push({ url, by: `${section}.${option}` })
  }
  return found
}

/** Of a service, whose URL is that of HTTP, with a port. */
function placeOf(text: string): ListenUrl {
  const [, host, port] = /^http:\/\/\[?(.+?)\]?:(\d+)$/.exec(text) ?? []
  return { transport: 'tcp', host, port: Number(port) }
}

function areOne(one: ListenUrl, other: ListenUrl): boolean {
  if (one.transport === 'unix' || other.transport === 'unix')
    return one.transport === other.transport && one.path === other.path
  const port = portOf(one)
  if (port === 0 || port !== portOf(other)) return false
  const [host = '', second = ''] = [one.host, other.host]
  return host === second || EVERYWHERE.has(host) || EVERYWHERE.has(second)
}

function portOf({ transport, port }: ListenUrl): number {
  const rows = transport === 'unix' ? undefined : LISTENER_OPTIONS[transport]
  return port ?? (rows?.port.default as number)
}

function isOfThisMachine(host: string): boolean {
  if (isIP(host) === 0 || EVERYWHERE.has(host) || isLoopback(host)) return true
  const [plain] = host.split('%')
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === plain))
}
