/** Table 2-1 of both standards: the control packet types. */
export const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const

/** A control packet type by its name. */
export type PacketName = keyof typeof TYPE

/** Table 2-2 of both standards: what the low bits of the first byte must be; PUBLISH has flags of its own. */
export function fixedFlags(name: PacketName): number {
  return name === 'pubrel' || name === 'subscribe' || name === 'unsubscribe' ? 0b0010 : 0
}

/** The protocol levels: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type Version = 3 | 4 | 5
