import type { OptionsSpec } from '@mqtt-stack/core'

export interface OutboundManagerOptions {
  inflight?: number
  inflightBytes?: number
  queueMessages?: number
  queueBytes?: number
  topicAliases?: number
}

export const OUTBOUND_MANAGER_OPTIONS: OptionsSpec<OutboundManagerOptions> = {
  inflight: {
    kind: 'number',
    default: 500,
    min: 1,
    max: 65_535,
    unit: 'messages',
    doc: 'QoS 1 and 2 messages that a client may leave unacknowledged, if its receive maximum is no less; further ones wait. Keep it well below what a log holds: what is retained is sent as fast as the window has room.',
  },
  inflightBytes: {
    kind: 'number',
    default: 4_194_304,
    min: 1,
    unit: 'bytes',
    doc: 'And how many bytes of them, which the last one may pass.',
  },
  queueMessages: {
    kind: 'number',
    default: 1_000,
    unit: 'messages',
    doc: 'How many wait for a client whose session ends with its connection; further ones are dropped and told.',
  },
  queueBytes: { kind: 'number', default: 8_388_608, unit: 'bytes', doc: 'And how many bytes of them.' },
  topicAliases: {
    kind: 'number',
    default: 0,
    max: 65_535,
    doc: 'Topic aliases that a 5.0 client is sent, as far as it takes them.',
  },
}
