import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from './entry.ts'
import type { Frame } from './frames.ts'
import { decodeFrame, encodeFrame } from './frames.ts'

const BYTES = Buffer.from('bytes')

const FRAMES: readonly Frame[] = [
  {
    kind: 'message',
    plain: true,
    groups: [{ group: 'workers', filter: 'room/+' }],
    publisher: { clientId: 'sensor', identity: 'alice' },
    expiresAt: 1_767_225_600_000,
    relayed: BYTES,
  },
  {
    kind: 'message',
    plain: false,
    groups: [],
    publisher: { clientId: '', identity: undefined },
    expiresAt: 0,
    relayed: Buffer.alloc(0),
  },
  {
    kind: 'group',
    share: { group: 'workers', filter: 'ü/#' },
    except: undefined,
    hops: 3,
    publisher: undefined,
    expiresAt: 0,
    packet: BYTES,
  },
  {
    kind: 'group',
    share: { group: 'workers', filter: 'a' },
    except: 'gone',
    hops: 0,
    publisher: { clientId: 'sensor', identity: undefined },
    expiresAt: 1,
    packet: BYTES,
  },
  { kind: 'hello', protocol: 1, number: 12 },
  {
    kind: 'routes',
    owner: 'n-1',
    version: 7,
    part: 'change',
    changes: [
      { filter: 'a/b', group: undefined, members: 1, connected: false },
      { filter: 'a/+', group: 'workers', members: 12, connected: true },
    ],
    gone: ['n-0'],
    markers: ['n-1', 'n-2'],
    tag: 9,
  },
  { kind: 'routes', owner: 'n-1', version: 0, part: 'only', changes: [], gone: [], markers: [], tag: 0 },
  { kind: 'mark', owner: 'n-1', version: 7, tag: 9 },
  { kind: 'pull', clientId: 'phone', pull: 3, tenure: 4, identity: 'alice', cleanStart: true },
  { kind: 'part', clientId: 'phone', pull: 3, stage: 2, last: false, records: [BYTES, Buffer.alloc(0)] },
  { kind: 'moved', clientId: 'phone', pull: 3 },
  { kind: 'gone', clientId: 'phone', pull: 3, reason: 'absent' },
  { kind: 'note', subject: 'admin', text: '{"ü":1}' },
  { kind: 'will', will: BYTES },
]

describe('a frame', () => {
  it.each(FRAMES)('of the kind $kind comes back as it was', (frame) => {
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  })

  it.each(FRAMES)('of the kind $kind is refused where it is cut off, or goes on', (frame) => {
    const whole = encodeFrame(frame)
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeFrame(whole.subarray(0, length))).toThrow(/cut off/)
    expect(() => decodeFrame(Buffer.concat([whole, Buffer.from([0])]))).toThrow(
      `another node sent a frame of the kind ${frame.kind} with bytes behind its end`,
    )
  })

  it('of no known kind is refused', () => {
    expect(() => decodeFrame(Buffer.from([99]))).toThrow('another node sent a frame of no known kind')
  })

  it.each(FRAMES)('of the kind $kind with any byte changed is read or refused, and nothing else', (frame) => {
    const whole = encodeFrame(frame)
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(whole)
        changed[at] ^= bit
        try {
          decodeFrame(changed)
        } catch (error) {
          expect(error).toMatchObject({ code: 'STORE_DAMAGED' })
        }
      }
    }
  })
})

describe('an entry', () => {
  it('has its origin, its number and its frames in order', () => {
    const bytes = encodeEntry('n-1', 42, FRAMES.map(encodeFrame))
    expect(decodeEntry(bytes)).toEqual({ origin: 'n-1', seq: 42, frames: FRAMES })
  })

  it('may have no frames', () => {
    expect(decodeEntry(encodeEntry('n-1', 1, []))).toEqual({ origin: 'n-1', seq: 1, frames: [] })
  })

  it('of another protocol is refused', () => {
    const bytes = Buffer.from(encodeEntry('n-1', 1, []))
    bytes[0] = 9
    expect(() => decodeEntry(bytes)).toThrow(
      'another node sent an entry of protocol 9, and this node knows 1',
    )
  })
})
