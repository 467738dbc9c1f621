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
    live: true,
    default: 500,
    min: 1,
    max: 65_535,
    unit: 'messages',
    doc: 'QoS 1 and 2 messages that a client may leave unacknowledged, if its receive maximum is not lower; further ones wait. Keep it well below `sessionMessages`: retained messages are sent as fast as there is room.',
  },
  inflightBytes: {
    kind: 'number',
    default: 4_194_304,
    min: 1,
    unit: 'bytes',
    doc: 'Bytes of QoS 1 and 2 messages that a client may leave unacknowledged; the last message may pass the bound.',
  },
  queueMessages: {
    kind: 'number',
    default: 1_000,
    unit: 'messages',
    doc: 'How many messages may wait for a client whose session ends with its connection; further ones are dropped and told.',
  },
  queueBytes: {
    kind: 'number',
    default: 8_388_608,
    unit: 'bytes',
    doc: 'Bytes of messages that may wait for a client whose session ends with its connection; further ones are dropped and told.',
  },
  topicAliases: {
    kind: 'number',
    default: 0,
    max: 65_535,
    doc: 'Topic aliases that a 5.0 client is sent, as far as it takes them.',
  },
}
