/** Packets, messages and bytes of all connections. */
import type { MetricFamily, MetricSample, Traffic } from '@mqtt-stack/core'
import { PACKET_TYPES } from '@mqtt-stack/core'

const PUBLISH = 3

type Counts = Float64Array

/** Sums over the first bytes of one kind. */
function sumsOf(counts: Counts, keyOf: (first: number) => number): number[] {
  const sums: number[] = []
  for (let first = 0; first < counts.length; first++) {
    const key = keyOf(first)
    if (key >= 0) sums[key] = (sums[key] ?? 0) + counts[first]
  }
  return sums
}

const typeOf = (first: number): number => first >> 4
const qosOf = (first: number): number => (typeOf(first) === PUBLISH ? (first >> 1) & 3 : -1)

function byType(name: string, help: string, counts: Counts): MetricFamily {
  const samples = sumsOf(counts, typeOf).flatMap((value, number): MetricSample[] => {
    const type = PACKET_TYPES[number]
    return type === undefined || value === 0 ? [] : [{ labels: { type }, value }]
  })
  return { name, type: 'counter', help, samples }
}

function byQoS(name: string, help: string, counts: Counts): MetricFamily {
  const samples = sumsOf(counts, qosOf)
    .slice(0, 3)
    .map((value, qos) => ({ labels: { qos: String(qos) }, value }))
  return { name, type: 'counter', help, samples }
}

/** All of it. */
export function trafficFamilies({ received, sent }: Traffic): MetricFamily[] {
  return [
    byType('mqtt_packets_received_total', 'Packets from clients, by type.', received.packets),
    byType('mqtt_packets_sent_total', 'Packets to clients, by type.', sent.packets),
    byType('mqtt_received_bytes_total', 'Bytes of packets from clients, by type.', received.bytes),
    byType('mqtt_sent_bytes_total', 'Bytes of packets to clients, by type.', sent.bytes),
    byQoS('mqtt_messages_received_total', 'Messages (PUBLISH) from clients, by QoS.', received.packets),
    byQoS('mqtt_messages_sent_total', 'Messages (PUBLISH) to clients, by QoS.', sent.packets),
  ]
}

/** What of it is in `$SYS`. */
export interface Sums {
  readonly packets: number
  readonly bytes: number
  readonly messages: number
  readonly messageBytes: number
}

/** Of one way. */
export function sumUp({ packets, bytes }: Traffic['sent']): Sums {
  const all = (counts: Counts): number => counts.reduce((sum, count) => sum + count, 0)
  const messages = (counts: Counts): number => sumsOf(counts, typeOf)[PUBLISH]
  return {
    packets: all(packets),
    bytes: all(bytes),
    messages: messages(packets),
    messageBytes: messages(bytes),
  }
}
