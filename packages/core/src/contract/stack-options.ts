/** What a stack can be told. */

import type { Packet } from '../packets/index.ts'
import type { Clock } from '../time/index.ts'
import type { Client } from './client.ts'
import type { Logger, LogLevel } from './log/index.ts'
import { LOG_LEVELS, USUAL_LINES } from './log/index.ts'
import type { OptionsSpec } from './options.ts'

export interface StackOptions {
  strict?: boolean
  clock?: Clock
  logger?: Logger
  logLevel?: LogLevel
  logLines?: number
  errorHandler?: (error: Error, client: Client | undefined, packet: Packet | undefined) => void
  connectLimit?: number
  packetLimit?: number
  topicLevels?: number
  topicBytes?: number
  topicAliases?: number
  controlTopics?: readonly string[]
  highWater?: number
  drainTimeout?: number
  slowAfter?: number
  stallTimeout?: number
  memoryCeiling?: number
  memoryShare?: number
  packetTimeout?: number
}

export const STACK_OPTIONS: OptionsSpec<StackOptions> = {
  strict: {
    kind: 'boolean',
    default: false,
    doc: 'For tests: packets are frozen, and an answer without a meaning is an error.',
  },
  clock: { kind: 'any', schema: false, optional: true, doc: 'Source of time; the machine’s by default.' },
  logger: {
    kind: 'any',
    schema: false,
    default: console,
    doc: 'Where lines of the log go: anything with the methods of `console`.',
  },
  logLevel: {
    kind: 'string',
    schema: false,
    optional: true,
    choices: LOG_LEVELS,
    doc: 'How much is logged: `stack.log.level` may change it. By default what the logger says, and `info` where it says nothing.',
  },
  logLines: {
    kind: 'number',
    default: USUAL_LINES,
    min: 1,
    unit: 'lines a second',
    doc: 'Lines of one event that are logged each second in the long run, ten times as many at once, and of `debug` a hundred times as many; the others are counted.',
  },
  errorHandler: {
    kind: 'function',
    optional: true,
    doc: 'Takes (error, client, packet) for every error that no caller waits for; by default logs and ends that connection.',
  },
  connectLimit: {
    kind: 'number',
    default: 65_536,
    min: 64,
    unit: 'bytes',
    doc: 'Largest packet of a client whose CONNECT was not accepted yet.',
  },
  packetLimit: {
    kind: 'number',
    default: 1_048_576,
    min: 64,
    max: 268_435_460,
    unit: 'bytes',
    doc: 'Largest packet of a client whose CONNECT was accepted.',
  },
  topicLevels: {
    kind: 'number',
    default: 64,
    min: 1,
    max: 65_536,
    doc: 'Levels that a topic name or filter may have.',
  },
  topicBytes: {
    kind: 'number',
    default: 4_096,
    min: 1,
    max: 65_535,
    unit: 'bytes',
    doc: 'Bytes of UTF-8 that a topic name or filter may have. The engine finds strings of more than 16,383 characters by their length alone, so that many of them would be slow.',
  },
  topicAliases: {
    kind: 'number',
    default: 16,
    max: 65_535,
    doc: 'Topic aliases that a 5.0 client may set.',
  },
  controlTopics: {
    kind: 'any',
    schema: { type: 'array', items: { type: 'string' } },
    default: ['$SYS'],
    doc: 'The broker alone publishes to these topics and those below them; clients may neither publish nor leave a will there, whatever access rules say. The one exception is `$SYS/broker/connection/<name>/state`, where bridges of Mosquitto leave their wills; to name `$SYS/broker/connection` too takes it back.',
  },
  highWater: {
    kind: 'number',
    default: 1_048_576,
    min: 1_024,
    unit: 'bytes',
    doc: 'Bytes that a client may leave unread before messages of QoS 1 and 2 to it wait; QoS 0 is dropped above four times as many.',
  },
  drainTimeout: {
    kind: 'number',
    default: 30_000,
    min: 1,
    unit: 'ms',
    doc: 'A client above its high-water mark (`highWater`) that takes nothing for so long is closed.',
  },
  slowAfter: {
    kind: 'number',
    default: 1_000,
    min: 1,
    unit: 'ms',
    doc: 'A handler that takes longer to answer is logged (`handler.slow`), once for each answer; looked for once a second.',
  },
  stallTimeout: {
    kind: 'number',
    default: 30_000,
    min: 1,
    unit: 'ms',
    doc: 'A handler that has not answered for so long is told by handlerStalled, and nobody waits for it any more.',
  },
  memoryCeiling: {
    kind: 'number',
    optional: true,
    min: 1,
    unit: 'bytes',
    doc: 'Bytes that clients may make the broker keep in all; what would pass this is refused (0x97). By default half of the memory that the process may have, or of the engine’s heap, whichever is less.',
  },
  memoryShare: {
    kind: 'number',
    default: 0.5,
    max: 1,
    doc: 'The part of `memoryCeiling` that one identity may have or, of anonymous clients, those of one address.',
  },
  packetTimeout: {
    kind: 'number',
    default: 30_000,
    min: 1,
    unit: 'ms',
    doc: 'A client that has sent a part of a packet, and less than 8 KiB more of it for so long, is closed.',
  },
}
