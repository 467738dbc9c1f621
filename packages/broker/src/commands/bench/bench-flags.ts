/** The flags of `mqtt-stack bench`: named as those of mqttx. */
import type { OptionsSpec } from '@mqtt-stack/core'
import type { ClientFlags } from '../client/client-flags.ts'
import { CLIENT_FLAGS, CLIENT_SHORTS, CLIENT_WANTS, invalid } from '../client/client-flags.ts'
import type { CommandLineSpec } from '../command-line.ts'

export interface BenchFlags extends ClientFlags {
  count?: number
  interval?: number
  'client-id'?: string
  timeout?: number
  topic?: string
  qos?: number
  limit?: number
  'message-interval'?: number
  message?: string
  size?: string
  retain?: boolean
}

export const MODES = ['conn', 'pub', 'sub'] as const

export type Mode = (typeof MODES)[number]

const CROWD: OptionsSpec<Pick<BenchFlags, 'count' | 'interval' | 'client-id' | 'timeout'>> = {
  count: { kind: 'number', default: 1_000, min: 1, max: 100_000, doc: 'how many clients' },
  interval: { kind: 'number', default: 10, max: 60_000, unit: 'ms', doc: 'ms between a client and the next' },
  'client-id': { kind: 'string', optional: true, doc: 'their client identifiers, with %i for their number' },
  timeout: {
    kind: 'number',
    default: 60,
    min: 1,
    max: 86_400,
    unit: 's',
    doc: 'seconds after which it ends',
  },
}

const MESSAGES: OptionsSpec<Pick<BenchFlags, 'topic' | 'qos' | 'limit'>> = {
  topic: { kind: 'string', optional: true, doc: 'topic, with %i for the number of a client' },
  qos: { kind: 'number', default: 0, max: 2, doc: 'QoS' },
  limit: { kind: 'number', default: 0, doc: 'end after so many messages of all clients; 0: never' },
}

const PUBLISHING: OptionsSpec<Pick<BenchFlags, 'message-interval' | 'message' | 'size' | 'retain'>> = {
  'message-interval': {
    kind: 'number',
    default: 1_000,
    max: 3_600_000,
    unit: 'ms',
    doc: 'ms between messages of a client, -im; 0: as fast as they are taken',
  },
  message: {
    kind: 'string',
    optional: true,
    doc: 'what to publish; without it bytes that tell bench sub when',
  },
  size: { kind: 'string', default: '100B', doc: 'bytes of a message: 100B, 4KB, 1MB' },
  retain: { kind: 'boolean', default: false, doc: 'retained messages' },
}

const DOCS: { readonly [Key in Mode]: string } = {
  conn: 'Connects many clients, and ends when all are answered; with --timeout it holds them so long.',
  pub: 'Publishes with many clients, until --limit or --timeout.',
  sub: 'Subscribes with many clients, counts what comes, and says how long it was on the way, where bench pub sends it, until --limit or --timeout.',
}

/** What is read behind `mqtt-stack bench MODE`. */
export function benchSpec(mode: Mode): CommandLineSpec<BenchFlags> {
  const flags: OptionsSpec<BenchFlags> = {
    ...CROWD,
    ...(mode !== 'conn' && MESSAGES),
    ...(mode === 'pub' && PUBLISHING),
    ...CLIENT_FLAGS,
  } as OptionsSpec<BenchFlags>
  const { url: _, ...shorts } = CLIENT_SHORTS
  return {
    name: `bench ${mode}`,
    operands: [],
    doc: `${DOCS[mode]} Says each second how far it is. Exits with 0, or with 1 where a client failed or was lost, or something was refused.`,
    flags,
    wants: {
      ...CLIENT_WANTS,
      count: 'n',
      interval: 'ms',
      'client-id': 'id',
      timeout: 'seconds',
      topic: 'topic',
      qos: 'qos',
      limit: 'n',
      'message-interval': 'ms',
      message: 'text',
      size: 'bytes',
    },
    shorts: {
      ...shorts,
      count: 'c',
      interval: 'i',
      'client-id': 'I',
      timeout: 'W',
      ...(mode !== 'conn' && { topic: 't', qos: 'q', limit: 'L' }),
      ...(mode === 'pub' && { message: 'm', size: 's', retain: 'r' }),
    },
  }
}

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_024 ** 2 }
const LARGEST = 16 * 1_024 ** 2

/** @throws StackError `OPTION_INVALID` */
export function bytesOf(command: string, size: string): number {
  const [, number = '', unit = ''] = /^(\d+)(b|kb|mb)?$/i.exec(size) ?? []
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? 1)
  if (number === '' || bytes > LARGEST)
    throw invalid(command, `--size wants bytes up to 16MB, such as 100B or 4KB, not "${size}"`)
  return bytes
}
