// Bounds that are no settings: the words are here, the numbers are read where they are used.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { numberOf, table } from './docs-tables.mjs'
import { root } from './workspace.mjs'

/** Source file from `packages/`, constant, unit, what it bounds. */
const CONSTANTS = [
  [
    'core/src/packets/codec/length.ts',
    'MAX_REMAINING_LENGTH',
    'bytes',
    'Longest packet there can be, its first bytes left out; what is not whole yet takes the memory that it came with, never what it says.',
  ],
  [
    'core/src/connection/client.ts',
    'PAUSE_AT',
    'bytes',
    'What waits behind a handler that has not answered; then the stream is read no further.',
  ],
  [
    'core/src/connection/hang-up.ts',
    'LINGER',
    'ms',
    'What a closed connection has to read our last words; then it is cut off.',
  ],
  [
    'core/src/packets/codec/properties.ts',
    'MAX_USER_PROPERTIES',
    '',
    'User properties that a packet of a 5.0 client may hold; more are refused (0x97).',
  ],
  [
    'core/src/packets/codec/properties.ts',
    'MAX_USER_PROPERTY_BYTES',
    'bytes',
    'Bytes of user properties that a packet of a 5.0 client may hold; more are refused (0x97).',
  ],
  [
    'core/src/packets/codec/check-frame.ts',
    'MAX_FILTERS',
    '',
    'Filters that a SUBSCRIBE or UNSUBSCRIBE may hold; one with more ends the connection (0x97).',
  ],
  [
    'broker/src/listeners/proxy/version-2.ts',
    'MAX_PROXY_HEADER',
    'bytes',
    'Longest PROXY header of version 2; a longer one is refused.',
  ],
  [
    'core/src/time/pace.ts',
    'TURN',
    'ms',
    'What work of clients that may be long takes of a turn of the event loop; then every socket is read.',
  ],
  ['core/src/time/pace.ts', 'PIECE', 'ms', 'What one piece of such work takes while other work waits.'],
  [
    'core/src/time/pace.ts',
    'READERS',
    '',
    'Clients that read on in the middle of a large packet, of those whose reading rests.',
  ],
  [
    'core/src/time/pace.ts',
    'READ',
    'bytes',
    'What is read of packets over 32 KiB in a turn; then whoever reads another chunk of one rests.',
  ],
  [
    'core/src/time/turn.ts',
    'WRITING',
    'ms',
    'What writes take of a turn; outboxes with more than 1 KiB that are not emptied by then wait for the next.',
  ],
  [
    'core/src/packets/codec/topic-cache.ts',
    'ENTRIES',
    '',
    'Topic names remembered by their bytes, for all clients together; a new one takes the place of an old one.',
  ],
  [
    'core/src/topics/topic-tree.ts',
    'CACHE_SIZE',
    '',
    'Topics for which the topic tree remembers who receives them; the least used makes room.',
  ],
  [
    'core/src/topics/topic-tree.ts',
    'CACHE_BYTES',
    'bytes',
    'Bytes that the topic tree’s remembered answers may take, about.',
  ],
  [
    'session-manager/src/expired-sessions.ts',
    'EXPIRED_AT_ONCE',
    'sessions',
    'Expired sessions that are looked up at a time; between them others have their turn.',
  ],
  [
    'rate-limit/src/recent.ts',
    'ENTRIES',
    '',
    'Addresses, user names or pairs of them that each table of connect rates and failed authentications remembers; the one used least lately makes room.',
  ],
  [
    'rate-limit/src/connection-area.ts',
    'TURNED',
    '',
    'Connections above a limit that wait to be told so when their CONNECT comes; further ones are just closed.',
  ],
  [
    'rate-limit/src/connection-area.ts',
    'TURNED_PER_ADDRESS',
    '',
    'How many of them may come from one address.',
  ],
  [
    'rate-limit/src/failures.ts',
    'LONGEST_WAIT',
    'ms',
    'How long a client may have to wait at most because of failed authentications.',
  ],
]

/** The table of {@link CONSTANTS}. */
export function constantsTable() {
  const rows = CONSTANTS.map(([file, name, unit, words]) => {
    const home = `[${file.split('/').at(-1)}](../packages/${file})`
    return [home, `\`${name}\``, numberOf(numberIn(file, name), unit), words]
  })
  return table(['where', 'constant', 'value', 'what it bounds'], rows)
}

/**
 * @param {string} file
 * @param {string} name
 * @returns {number}
 */
function numberIn(file, name) {
  const source = readFileSync(join(root, 'packages', file), 'utf8')
  const [, text] = new RegExp(`const ${name}(?:: number)? = ([\\d_ *]+)$`, 'm').exec(source) ?? []
  if (!text) throw new Error(`scripts/docs-constants.mjs: packages/${file} has no number ${name}`)
  return text.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1)
}
