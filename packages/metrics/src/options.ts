import type { Client, OptionsSpec } from '@mqtt-stack/core'
import type { MeterProvider } from './out/meter.ts'

export interface MetricsOptions {
  listen?: string
  openTelemetry?: boolean | MeterProvider
  sysInterval?: number
  sysTopic?: string
  version?: string
  every?: number
  top?: number
  classOf?: (client: Client) => string
}

export const METRICS_OPTIONS: OptionsSpec<MetricsOptions> = {
  listen: {
    kind: 'string',
    default: '',
    doc: 'Serve `/metrics` to Prometheus there, over HTTP: `[host:]port`, of this machine (127.0.0.1) unless it names a host; empty: nowhere.',
    example: '127.0.0.1:9464',
  },
  openTelemetry: {
    kind: 'any',
    default: false,
    schema: { type: 'boolean' },
    doc: 'Give all to OpenTelemetry: `true` for the provider that your SDK has registered, or a provider of meters. Needs `@opentelemetry/api`.',
  },
  sysInterval: {
    kind: 'number',
    default: 0,
    max: 86_400_000,
    unit: 'ms',
    doc: 'Publish `$SYS/broker/…`, with the names and meanings of Mosquitto, this often, at most once a second; 0: never. Mosquitto’s own is 10,000 (its `sys_interval` is in seconds).',
  },
  sysTopic: {
    kind: 'string',
    default: '$SYS/broker',
    doc: 'What these topics begin with; a control topic. Nodes that share a store share retained messages too: give each one of its own, `$SYS/nodes/a`.',
  },
  version: {
    kind: 'string',
    default: 'mqtt-stack',
    doc: 'What `$SYS/broker/version` says; the broker says its own.',
  },
  every: {
    kind: 'number',
    default: 1_024,
    min: 1,
    max: 65_536,
    unit: 'messages',
    doc: 'Where many messages come, the times of one in about so many at least are taken; of all where less than a hundred come in a second.',
  },
  top: {
    kind: 'number',
    default: 200,
    min: 10,
    max: 10_000,
    doc: 'How many topics and how many clients are counted by name, for the lists of the busiest.',
  },
  classOf: {
    kind: 'function',
    default: undefined,
    optional: true,
    doc: 'The class of a client’s user, as a label: of the first 20 that it names each is counted apart, and all others as `other`. By default `anonymous`, `user` and `bridge`.',
  },
}
