import type { OptionsSpec, QoS } from '@mqtt-stack/core'

export interface InboundManagerOptions {
  relays?: number
  relayBytes?: number
  receiveMaximum?: number
  maximumQoS?: QoS
  validatePayloadFormat?: boolean
}

export const INBOUND_MANAGER_OPTIONS: OptionsSpec<InboundManagerOptions> = {
  relays: {
    kind: 'number',
    default: 1_024,
    min: 1,
    unit: 'messages',
    doc: 'Relays and releases under way for one publisher before it is read no further.',
  },
  relayBytes: {
    kind: 'number',
    default: 4_194_304,
    min: 1,
    unit: 'bytes',
    doc: 'Bytes of messages under way for one publisher before it is read no further; the last message may pass the bound.',
  },
  receiveMaximum: {
    kind: 'number',
    default: 32,
    min: 1,
    max: 65_535,
    unit: 'messages',
    doc: 'QoS 1 and 2 messages that a 5.0 client may have under way to us.',
  },
  maximumQoS: {
    kind: 'number',
    default: 2,
    choices: [0, 1, 2],
    doc: 'Highest QoS that a client may publish with.',
  },
  validatePayloadFormat: {
    kind: 'boolean',
    live: true,
    default: false,
    doc: 'Refuses messages that say that they are UTF-8 text and are not (5.0).',
  },
}
