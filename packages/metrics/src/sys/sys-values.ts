/** What `$SYS/broker/…` says, with the names and meanings of Mosquitto 2. */
import type { MetricFamily, Stack } from '@mqtt-stack/core'
import type { ClientCounts } from '../sources/clients.ts'
import type { EventCounts } from '../sources/events.ts'
import { sumUp } from '../sources/traffic.ts'
import { Load } from './load.ts'

export interface SysSources {
  readonly stack: Stack
  readonly clients: ClientCounts
  readonly events: EventCounts
}

/** Counters whose averages are said too. */
const LOADS = [
  'messages/received',
  'messages/sent',
  'publish/received',
  'publish/sent',
  'publish/dropped',
  'bytes/received',
  'bytes/sent',
  'sockets',
  'connections',
] as const

export class SysValues {
  readonly #sources: SysSources
  readonly #since: number
  #at: number
  #heap = 0
  readonly #loads = new Map(LOADS.map((name) => [name, new Load()]))

  constructor(sources: SysSources) {
    this.#sources = sources
    this.#since = this.#at = sources.stack.clock.now()
  }

  /** By the topic behind `$SYS/broker/`. @param families Of those who know of sessions, subscriptions and what is kept. */
  take(families: readonly MetricFamily[]): Map<string, string> {
    const { stack, clients, events } = this.#sources
    const received = sumUp(stack.traffic.received)
    const sent = sumUp(stack.traffic.sent)
    const now = stack.clock.now()
    const { heapUsed } = process.memoryUsage()
    this.#heap = Math.max(this.#heap, heapUsed)
    const of = (name: string): number => totalOf(families, name)
    const away = Math.max(0, of('mqtt_sessions') - clients.connected)
    const stored = of('mqtt_stored_messages') + of('mqtt_retained_messages')
    const values: Record<string, number | string> = {
      uptime: `${Math.floor((now - this.#since) / 1_000)} seconds`,
      'clients/total': clients.connected + away,
      'clients/connected': clients.connected,
      'clients/active': clients.connected,
      'clients/disconnected': away,
      'clients/inactive': away,
      'clients/maximum': clients.most,
      'clients/expired': events.expired,
      'messages/received': received.packets,
      'messages/sent': sent.packets,
      'messages/stored': stored,
      'store/messages/count': stored,
      'store/messages/bytes': of('mqtt_stored_messages_bytes'),
      'publish/messages/received': received.messages,
      'publish/messages/sent': sent.messages,
      'publish/messages/dropped': events.dropped,
      'publish/bytes/received': received.messageBytes,
      'publish/bytes/sent': sent.messageBytes,
      'bytes/received': received.bytes,
      'bytes/sent': sent.bytes,
      'subscriptions/count': of('mqtt_subscriptions'),
      'shared_subscriptions/count': of('mqtt_shared_subscriptions'),
      'retained messages/count': of('mqtt_retained_messages'),
      'heap/current': heapUsed,
      'heap/maximum': this.#heap,
    }
    const counted: Record<(typeof LOADS)[number], number> = {
      'messages/received': received.packets,
      'messages/sent': sent.packets,
      'publish/received': received.messages,
      'publish/sent': sent.messages,
      'publish/dropped': events.dropped,
      'bytes/received': received.bytes,
      'bytes/sent': sent.bytes,
      sockets: clients.opened,
      connections: clients.accepted,
    }
    const seconds = (now - this.#at) / 1_000
    this.#at = now
    for (const [name, load] of this.#loads) {
      load.take(counted[name], seconds)
      for (const [span, value] of load.values()) values[`load/${name}/${span}`] = value
    }
    return new Map(Object.entries(values).map(([topic, value]) => [topic, String(value)]))
  }
}

function totalOf(families: readonly MetricFamily[], name: string): number {
  const samples = families.find((family) => family.name === name)?.samples ?? []
  return samples.reduce((sum, { value }) => sum + value, 0)
}
