/** What the ledger counts: see `memoryCeiling` of the stack. */
import type { Ledger, MetricFamily } from '@mqtt-stack/core'

export function memoryFamilies({ held, outboxes, ceiling, owners, refusals }: Ledger): MetricFamily[] {
  return [
    one('mqtt_memory_held_bytes', 'gauge', 'Bytes that are kept because of clients.', held),
    one('mqtt_memory_outboxes_bytes', 'gauge', 'Of these, bytes that wait to be taken by clients.', outboxes),
    one('mqtt_memory_ceiling_bytes', 'gauge', 'The most bytes that may be kept because of clients.', ceiling),
    one(
      'mqtt_memory_owners',
      'gauge',
      'Users, and addresses of anonymous clients, that hold something.',
      owners,
    ),
    one(
      'mqtt_memory_refusals_total',
      'counter',
      'How often something was refused for lack of memory.',
      refusals,
    ),
  ]
}

/** A family of one number. */
export function one(name: string, type: 'counter' | 'gauge', help: string, value: number): MetricFamily {
  return { name, type, help, samples: [{ labels: {}, value }] }
}
