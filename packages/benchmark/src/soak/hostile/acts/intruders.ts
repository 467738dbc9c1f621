/** Those who send what is not allowed, or no MQTT at all. */
import type { Socket } from 'node:net'
import { connect as connectTcp } from 'node:net'
import { PacketType, publish, subscribe } from '../../../mqtt/encode.ts'
import { MALLORY } from '../configuration.ts'
import { codeOf, spell } from '../peer.ts'
import type { Act, Stage } from '../stage.ts'

const text = (value: string): Buffer => Buffer.from(value, 'latin1')

/** What is wrong in every state of a connection. */
const MALFORMED: readonly Buffer[] = [
  text('GET / HTTP/1.1\r\nHost: broker\r\n\r\n'),
  // Types that there are not, and one that only a broker sends.
  Buffer.from([0x00, 0]),
  Buffer.from([0x20, 2, 0, 0]),
  // A length of five bytes.
  Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  // SUBSCRIBE with wrong flags, and without a filter.
  Buffer.from([0x80, 6, 0, 1, 0, 0, 1, 0x61]),
  Buffer.from([0x82, 3, 0, 1, 0]),
  // PUBLISH of QoS 3, one without a topic, one to a topic with a wildcard, and one that is no UTF-8.
  Buffer.from([0x36, 6, 0, 1, 0x61, 0, 1, 0]),
  Buffer.from([0x30, 3, 0, 0, 0]),
  publish({ topic: 'noise/#', payload: Buffer.alloc(0), version: 5 }),
  Buffer.from([0x30, 5, 0, 2, 0xff, 0xfe, 0]),
  publish({ topic: `noise${'/'.repeat(1000)}`, payload: Buffer.alloc(0), version: 5 }),
]

const malformed: Act = {
  name: 'malformed',
  about: 'bytes that are no MQTT, before and after CONNECT',
  actors: 4,
  must: [/^closed 0x8[12]$/],
  never: [/^still open$/],
  async play(stage, actor, round) {
    const peer = stage.open()
    const bytes = MALFORMED[round % MALFORMED.length]
    if (actor % 2 === 0) await peer.opened()
    else {
      // What is no whole packet is bounded by the keep alive alone.
      const outcome = await peer.connect({ ...MALLORY, clientId: `malformed-${actor}`, keepalive: 1 })
      if (outcome !== 'accepted') stage.note(outcome)
    }
    peer.send(bytes)
    await noteEnd(stage, peer)
  },
}

const oversized: Act = {
  name: 'oversized',
  about: 'packets that are announced to be larger than they may be, by clients that were let in and others',
  actors: 2,
  must: [/^closed 0x95$/],
  never: [/^still open$/],
  async play(stage, actor) {
    const peer = stage.open()
    const isLetIn = actor % 2 === 0
    if (isLetIn) await peer.connect({ ...MALLORY, clientId: `oversized-${actor}` })
    else await peer.opened()
    // 256 MiB, of which a little comes.
    peer.send(Buffer.concat([Buffer.from([isLetIn ? 0x30 : 0x10, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(64)]))
    await noteEnd(stage, peer)
  },
}

async function noteEnd(stage: Stage, peer: ReturnType<Stage['open']>): Promise<void> {
  const outcome = await stage.end(peer, 5000)
  if (!stage.isOver) stage.note(outcome)
  peer.break()
  await stage.pause(100)
}

const intruders: Act = {
  name: 'intruders',
  about:
    'clients that subscribe and publish where they have no right to: to what others say, and to control topics',
  actors: 2,
  must: [/^refused 0x87$/],
  never: [/^granted$/, /^published$/],
  async play(stage, actor, round) {
    const peer = stage.open()
    stage.note(await peer.connect({ ...MALLORY, clientId: `intruder-${actor}` }))
    const granted = peer.next(PacketType.SUBACK)
    peer.send(subscribe(1, ['good/#', '#', '+/+'], 0, 5))
    for (const code of (await granted)?.subarray(-3) ?? [])
      stage.note(code < 0x80 ? 'granted' : spell('refused', code))
    const answer = peer.next(PacketType.PUBACK)
    const topic = [`good/${round % 50}`, '$SYS/broker/uptime', 'other'][round % 3]
    peer.send(publish({ topic, payload: Buffer.from('x'), qos: 1, packetId: 2, version: 5 }))
    const puback = await answer
    if (puback !== undefined)
      stage.note(codeOf(puback) < 0x80 ? 'published' : spell('refused', codeOf(puback)))
    peer.leave()
    await stage.pause(100)
  },
}

const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const UPGRADE = `GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}`
const REQUESTS: readonly string[] = [
  `${UPGRADE}Sec-WebSocket-Protocol: mqtt\r\nOrigin: https://evil.example\r\n\r\n`,
  `${UPGRADE}Sec-WebSocket-Protocol: chat\r\n\r\n`,
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  '\0\x01\x02 what ever\r\n\r\n',
  // Not complete, ever.
  UPGRADE,
]

const pages: Act = {
  name: 'pages',
  about: 'WebSocket requests of a foreign page, for another protocol, cut off, or no HTTP at all',
  actors: 2,
  must: [/^refused by 403$/],
  never: [/^refused by 101$/],
  async play(stage, _actor, round) {
    const socket = connectTcp({ host: '127.0.0.1', port: stage.ports.pages })
    const request = REQUESTS[round % REQUESTS.length]
    socket.write(text(request))
    const outcome = await Promise.race([answerOf(socket), stage.pause(1000).then(() => 'left')])
    if (!stage.isOver) stage.note(outcome)
    socket.destroy()
    await stage.pause(100)
  },
}

/** `refused by 403`, or `closed`. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk) =>
      resolve(`refused by ${chunk.toString('latin1').split(' ')[1] ?? 'nothing'}`),
    )
    socket.on('error', () => {}).once('close', () => resolve('closed'))
  })
}

export const INTRUDERS: readonly Act[] = [malformed, oversized, intruders, pages]
