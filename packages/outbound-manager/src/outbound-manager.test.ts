/** OutboundManager alone: what it executes is answered by plain objects. */
import type { Client, Context, MiddlewareLike, QoS, Store, StoredMessage } from '@mqtt-stack/core'
import { ForwardContext, ForwardStore, Publish } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { OutboundManagerOptions } from './index.ts'
import { OutboundManager } from './index.ts'

interface Alone extends TestStack {
  /** The only client: the device's end, and core's. */
  device: TestClient
  peer: Client
  drops: string[]
}

/** The middleware and one client that acknowledges by hand. */
async function alone(options?: OutboundManagerOptions, ...others: MiddlewareLike[]): Promise<Alone> {
  const drops: string[] = []
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    messageDropped: ({ packet, reason }: Context<'messageDropped'>) =>
      void drops.push(`${packet.payload}: ${reason}`),
  }
  const test = await testStack(new OutboundManager(options), ...others, watcher, acceptAll())
  stopAtEnd(test)
  const device = await test.client({ autoAck: false })
  const [peer] = test.stack.clients
  return Object.assign(test, { device, peer, drops })
}

const message = (payload: string, qos: QoS): Publish => Publish.from({ topic: 't', payload, qos })

/** A message as it came: a view of the socket's bytes. */
async function received(payload: string): Promise<Publish> {
  const packets: Publish[] = []
  const taker: MiddlewareLike = {
    name: 'Taker',
    handles: ['publish'],
    handle: (_client, packet) => void packets.push(packet as Publish),
  }
  const { client, settle } = await testStack(taker, acceptAll())
  const device = await client()
  device.send({ cmd: 'publish', topic: 't', payload, qos: 1, retain: false, dup: false, messageId: 7 })
  await settle()
  return packets[0]
}

/** Forwards a message to the client; answers what became of it. */
function forward(
  { stack, peer }: Alone,
  payload: string,
  qos: QoS = 1,
  sequence?: number,
): string | undefined {
  const store = new ForwardStore()
  const messageId = sequence === undefined ? undefined : 1_000 + sequence
  const packet = message(payload, qos)
  stack.run(
    'forwardMessage',
    new ForwardContext(peer, packet, qos, false, undefined, messageId, sequence),
    store,
  )
  return store.outcome
}

/** `payload at QoS with identifier` of the PUBLISH packets that came and nobody took. */
async function taken({ device, settle }: Alone): Promise<string[]> {
  await settle()
  const found: string[] = []
  for (;;) {
    const packet = await device.next('publish').catch(() => undefined)
    if (packet === undefined) return found
    found.push(`${packet.payload} at ${packet.qos} with ${packet.messageId ?? 0}`)
  }
}

/** A session's log as a plain object; what was asked of it is in `calls`. */
class Log implements MiddlewareLike {
  readonly name = 'Log'
  readonly calls: string[] = []
  readonly messages: StoredMessage[] = []
  /** Holds back the answers while it is set. */
  gate: Promise<void> | undefined

  append(payload: string, qos: QoS, sequence: number, released = false): void {
    this.messages.push({
      messageId: 1_000 + sequence,
      sequence,
      packet: message(payload, qos),
      qos,
      retain: false,
      identifiers: undefined,
      expiresAt: 0,
      share: undefined,
      publisher: undefined,
      released,
    })
  }

  async lookupOfflineMessages(ctx: Context<'lookupOfflineMessages'>, store: StoredMessage[]): Promise<void> {
    const { after = 0, limit } = ctx
    this.calls.push(`lookup ${limit} after ${after}`)
    const found = this.messages.filter(({ sequence }) => sequence > after)
    await this.gate
    store.push(...found.slice(0, limit))
  }

  async releaseOfflineMessages({ sequences, messageIds }: Context<'releaseOfflineMessages'>): Promise<void> {
    this.calls.push(`release ${sequences} (${messageIds})`)
    await this.gate
  }

  async removeOfflineMessages({ sequences, messageIds }: Context<'removeOfflineMessages'>): Promise<void> {
    this.calls.push(`remove ${sequences} (${messageIds})`)
    for (const gone of sequences) {
      const at = this.messages.findIndex(({ sequence }) => sequence === gone)
      if (at >= 0) this.messages.splice(at, 1)
    }
    await this.gate
  }
}

/** The middleware with a log, and the client's session resumed. */
async function logged(log: Log, options?: OutboundManagerOptions, present = true): Promise<Alone> {
  const test = await alone(options, log)
  test.peer.session.expiryInterval = 60
  await test.stack.call('resumeSession', { client: test.peer, present })
  return test
}

describe('a message to a client', () => {
  it('[MQTT-2.3.1-5] is sent without an identifier at QoS 0', async () => {
    const test = await alone()
    expect(forward(test, 'hello', 0)).toBe('sent')
    expect(await taken(test)).toEqual(['hello at 0 with 0'])
  })

  it('[MQTT-2.3.1-4] gets an identifier that is not in use at QoS 1 and 2', async () => {
    const test = await alone()
    forward(test, 'one', 1)
    forward(test, 'two', 2)
    forward(test, 'three', 1)
    expect(await taken(test)).toEqual(['one at 1 with 1', 'two at 2 with 2', 'three at 1 with 3'])
    test.device.send({ cmd: 'puback', messageId: 1 })
    forward(test, 'four', 1)
    expect(await taken(test)).toEqual(['four at 1 with 4'])
  })

  it('may have the context of the seed, { client, packet }', async () => {
    const test = await alone()
    const { stack, peer } = test
    for (const qos of [0, 1, 2] as const) {
      const packet = message(`qos ${qos}`, qos)
      await stack.call(
        'forwardMessage',
        { client: peer, packet } as Context<'forwardMessage'>,
        new ForwardStore(),
      )
    }
    expect(await taken(test)).toEqual(['qos 0 at 0 with 0', 'qos 1 at 1 with 1', 'qos 2 at 2 with 2'])
  })

  it('is dropped and told when the connection is closed', async () => {
    const test = await alone()
    await test.device.drop()
    expect([forward(test, 'zero', 0), forward(test, 'one', 1)]).toEqual(['dropped', 'dropped'])
    expect(test.drops).toEqual(['zero: not-connected', 'one: not-connected'])
  })

  it('waits at QoS 1 until CONNECT is accepted, and is dropped at QoS 0', async () => {
    const test = await alone()
    const { device, peer, stack, settle } = test
    peer.connected = false
    expect([forward(test, 'zero', 0), forward(test, 'one', 1)]).toEqual(['dropped', 'queued'])
    await settle()
    await device.expectNothing()
    peer.accept()
    await stack.call('resumeSession', { client: peer, present: false })
    expect(await taken(test)).toEqual(['one at 1 with 1'])
  })
})

describe('acknowledgements', () => {
  it('[MQTT-4.3.3-1] PUBREC is answered with PUBREL, PUBCOMP frees the identifier', async () => {
    const test = await alone({ inflight: 1 })
    forward(test, 'one', 2)
    forward(test, 'two', 2)
    expect(await taken(test)).toEqual(['one at 2 with 1'])
    test.device.send({ cmd: 'pubrec', messageId: 1 })
    expect(await test.device.next('pubrel')).toMatchObject({ messageId: 1, qos: 1, dup: false })
    expect(await taken(test)).toEqual([])
    test.device.send({ cmd: 'pubcomp', messageId: 1 })
    expect(await taken(test)).toEqual(['two at 2 with 2'])
  })

  it('a repeated PUBREC is answered again, one for nothing too, and moves nothing', async () => {
    const test = await alone()
    forward(test, 'one', 2)
    for (const messageId of [1, 1, 77]) test.device.send({ cmd: 'pubrec', messageId })
    const rels = [
      await test.device.next('pubrel'),
      await test.device.next('pubrel'),
      await test.device.next('pubrel'),
    ]
    expect(rels.map(({ messageId }) => messageId)).toEqual([1, 1, 77])
  })

  it('for nothing are passed over', async () => {
    const test = await alone({ inflight: 2 })
    forward(test, 'one', 1)
    forward(test, 'two', 2)
    forward(test, 'three', 1)
    expect(await taken(test)).toHaveLength(2)
    for (const cmd of ['puback', 'pubcomp'] as const) test.device.send({ cmd, messageId: 3 })
    expect(await taken(test)).toEqual([])
    test.device.send({ cmd: 'puback', messageId: 1 })
    expect(await taken(test)).toEqual(['three at 1 with 3'])
  })

  it('work without anybody who keeps a log', async () => {
    const test = await alone()
    test.device.autoAck = true
    for (const qos of [1, 2, 1] as const) forward(test, 'hello', qos)
    expect(await taken(test)).toHaveLength(3)
    expect(test.logger.errors).toEqual([])
  })
})

describe('the window', () => {
  it('lets 500 messages be unacknowledged; each acknowledgement makes room for one', async () => {
    const test = await alone()
    const outcomes = Array.from({ length: 600 }, (_, i) => forward(test, String(i + 1)))
    expect(outcomes.filter((outcome) => outcome === 'sent')).toHaveLength(500)
    expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(100)
    expect(await taken(test)).toHaveLength(500)
    test.device.send({ cmd: 'puback', messageId: 10 })
    test.device.send({ cmd: 'puback', messageId: 1 })
    expect(await taken(test)).toEqual(['501 at 1 with 501', '502 at 1 with 502'])
  })

  it.each([1, 2] as const)(
    'is bounded in bytes as well, which the last message may pass, QoS %i',
    async (qos) => {
      const test = await alone({ inflightBytes: 2_500 })
      const large = 'x'.repeat(1_000)
      expect([1, 2, 3, 4, 5].map(() => forward(test, large, qos))).toEqual([
        'sent',
        'sent',
        'sent',
        'queued',
        'queued',
      ])
      expect(await taken(test)).toHaveLength(3)
      test.device.autoAck = true
      if (qos === 1) test.device.send({ cmd: 'puback', messageId: 1 })
      else test.device.send({ cmd: 'pubrec', messageId: 1 })
      expect(await taken(test)).toHaveLength(2)
      expect(forward(test, 'again')).toBe('sent')
    },
  )

  it('counts the bytes of large messages too', async () => {
    const test = await alone({ inflightBytes: 100_000 })
    const large = 'x'.repeat(60_000)
    expect([1, 2, 3].map(() => forward(test, large))).toEqual(['sent', 'sent', 'queued'])
    await test.settle()
    test.device.autoAck = true
    for (const messageId of [1, 2]) test.device.send({ cmd: 'puback', messageId })
    expect(await taken(test)).toHaveLength(3)
    expect([1, 2].map(() => forward(test, large))).toEqual(['sent', 'sent'])
  })

  it('does not hold back QoS 0', async () => {
    const test = await alone({ inflight: 1 })
    forward(test, 'one', 1)
    forward(test, 'two', 1)
    expect(forward(test, 'zero', 0)).toBe('sent')
    expect(await taken(test)).toEqual(['one at 1 with 1', 'zero at 0 with 0'])
  })

  it('is no larger than what the client takes', async () => {
    const test = await alone()
    Object.assign(test.peer, { settings: { ...test.peer.settings, receiveMaximum: 3 } })
    for (let i = 0; i < 5; i++) forward(test, String(i))
    expect(await taken(test)).toHaveLength(3)
  })

  it('keeps the order of QoS 1 and 2 through the queue', async () => {
    const test = await alone({ inflight: 3 })
    test.device.autoAck = true
    for (let i = 0; i < 500; i++) forward(test, String(i), i % 3 === 0 ? 2 : 1)
    const payloads = (await taken(test)).map((line) => Number(line.split(' ')[0]))
    expect(payloads).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  it('[MQTT-2.3.1-4] wraps identifiers at 65,535, and passes over those that are in use', async () => {
    const test = await alone({ inflight: 65_535, queueMessages: 10 })
    let sent = 0
    while (sent < 65_535 && forward(test, '') === 'sent') sent++
    expect(sent).toBe(65_535)
    await test.settle()
    // The first is never acknowledged.
    for (const messageId of [2, 3]) test.device.send({ cmd: 'puback', messageId })
    await test.settle()
    const before = test.device.received.length
    expect([forward(test, 'wrapped'), forward(test, 'behind'), forward(test, 'waits')]).toEqual([
      'sent',
      'sent',
      'queued',
    ])
    await test.settle()
    expect(test.device.received.slice(before)).toMatchObject([
      { messageId: 2, payload: Buffer.from('wrapped') },
      { messageId: 3, payload: Buffer.from('behind') },
    ])
    test.device.send({ cmd: 'puback', messageId: 65_535 })
    await test.settle()
    expect(test.device.received.slice(before + 2)).toMatchObject([
      { messageId: 65_535, payload: Buffer.from('waits') },
    ])
  })
})

describe('the queue of a session that ends with its connection', () => {
  it('is bounded in messages: the new one is dropped and told', async () => {
    const test = await alone({ inflight: 1, queueMessages: 2 })
    expect(['1', '2', '3', '4'].map((text) => forward(test, text))).toEqual([
      'sent',
      'queued',
      'queued',
      'dropped',
    ])
    expect(test.drops).toEqual(['4: queue-full'])
    test.device.autoAck = true
    test.device.send({ cmd: 'puback', messageId: 1 })
    expect(await taken(test)).toEqual(['1 at 1 with 1', '2 at 1 with 2', '3 at 1 with 3'])
  })

  it('is bounded in bytes', async () => {
    const test = await alone({ inflight: 1, queueBytes: 3_000 })
    const large = 'x'.repeat(1_000)
    expect(['1', large, large, large].map((text) => forward(test, text))).toEqual([
      'sent',
      'queued',
      'queued',
      'dropped',
    ])
    test.device.autoAck = true
    test.device.send({ cmd: 'puback', messageId: 1 })
    await test.settle()
    expect(forward(test, 'again')).toBe('sent')
  })

  it('keeps what it holds when the bytes that came are used again', async () => {
    const test = await alone({ inflight: 1 })
    forward(test, 'one')
    const view = await received('first')
    const bytes = view.payload
    const store = new ForwardStore()
    test.stack.run('forwardMessage', new ForwardContext(test.peer, view, 1, false), store)
    bytes.fill(0)
    test.device.autoAck = true
    test.device.send({ cmd: 'puback', messageId: 1 })
    expect(await taken(test)).toEqual(['one at 1 with 1', 'first at 1 with 2'])
  })
})

describe('a session with a log', () => {
  it('is sent its log in order when it is resumed, identifiers following from the place in it', async () => {
    const log = new Log()
    log.append('one', 1, 65_534)
    log.append('two', 2, 65_535, true)
    log.append('three', 2, 65_536)
    const test = await logged(log)
    expect(await test.device.next('pubrel')).toMatchObject({ messageId: 65_535 })
    expect(await taken(test)).toEqual(['one at 1 with 65534', 'three at 2 with 1'])
    expect(log.calls).toEqual(['lookup 100 after 0'])
  })

  it('marks as duplicate what it does not know to be unsent, and nothing of a new session', async () => {
    for (const present of [true, false]) {
      const log = new Log()
      log.append('old', 1, 1)
      const test = await logged(log, {}, present)
      expect(await test.device.next('publish')).toMatchObject({ dup: present })
      log.append('new', 1, 2)
      forward(test, 'new', 1, 2)
      expect(await test.device.next('publish')).toMatchObject({ dup: false, messageId: 2 })
    }
  })

  it('is sent live messages at once, and removes what is delivered once a turn', async () => {
    const log = new Log()
    const test = await logged(log, {}, false)
    for (let sequence = 1; sequence <= 3; sequence++) expect(forward(test, 'x', 1, sequence)).toBe('sent')
    await taken(test)
    log.calls.length = 0
    test.device.raw([0x40, 2, 0, 1, 0x40, 2, 0, 3])
    await test.settle()
    expect(log.calls).toEqual(['remove 1,3 (1001,1003)'])
  })

  it('tells the log of a PUBREC before PUBREL goes out, and keeps their order', async () => {
    const log = new Log()
    const test = await logged(log, {}, false)
    for (let sequence = 1; sequence <= 3; sequence++) forward(test, 'x', 2, sequence)
    await taken(test)
    log.calls.length = 0
    let open = (): void => {}
    log.gate = new Promise((resolve) => {
      open = resolve
    })
    for (const messageId of [2, 1, 3, 2]) test.device.send({ cmd: 'pubrec', messageId })
    await test.settle()
    // One call at a time; the client is read on meanwhile.
    expect(log.calls).toEqual(['release 2 (1002)'])
    await test.device.expectNothing()
    test.device.send({ cmd: 'pingreq' })
    open()
    log.gate = undefined
    await test.settle()
    expect(log.calls).toEqual(['release 2 (1002)', 'release 1,3 (1001,1003)'])
    const rels = [
      await test.device.next('pubrel'),
      await test.device.next('pubrel'),
      await test.device.next('pubrel'),
    ]
    expect(rels.map(({ messageId }) => messageId)).toEqual([2, 1, 3])
    await test.device.expectNothing('pubrel')
  })

  it('settles what is under way before the connection counts as ended', async () => {
    const log = new Log()
    const test = await logged(log, {}, false)
    forward(test, 'x', 1, 1)
    await taken(test)
    let open = (): void => {}
    log.gate = new Promise((resolve) => {
      open = resolve
    })
    test.device.send({ cmd: 'puback', messageId: 1 })
    await test.settle()
    let settled = false
    const { peer: client, stack } = test
    const end = stack.call('uncleanDisconnect', { client, reasonCode: 0x80, cause: undefined })
    void end.then(() => {
      settled = true
    })
    await test.settle()
    expect(settled).toBe(false)
    open()
    await end
    expect(log.messages).toEqual([])
  })

  it('never sends twice what was read from the log before it was forwarded', async () => {
    const log = new Log()
    const test = await logged(log, { inflight: 2 }, false)
    test.device.autoAck = true
    for (let sequence = 1; sequence <= 10; sequence++) {
      log.append(String(sequence), 2, sequence)
      if (sequence % 2 === 0) continue
      forward(test, String(sequence), 2, sequence)
      await test.settle()
    }
    // Those that were left out come by late, when they are delivered already.
    for (let sequence = 2; sequence <= 10; sequence += 2) forward(test, String(sequence), 2, sequence)
    const payloads = (await taken(test)).map((line) => Number(line.split(' ')[0]))
    expect(payloads).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(log.messages).toEqual([])
  })

  it('reads the gap from the log when a message comes by before the one ahead of it', async () => {
    const log = new Log()
    const test = await logged(log, {}, false)
    log.append('one', 1, 1)
    log.append('two', 1, 2)
    expect(forward(test, 'two', 1, 2)).toBe('queued')
    expect(forward(test, 'one', 1, 1)).toBe('queued')
    expect(await taken(test)).toEqual(['one at 1 with 1', 'two at 1 with 2'])
  })

  it('reads on when a message was stored and forwarded while the log was being read', async () => {
    const log = new Log()
    const test = await logged(log, { inflight: 2 }, false)
    for (let sequence = 1; sequence <= 3; sequence++) {
      log.append(String(sequence), 1, sequence)
      forward(test, String(sequence), 1, sequence)
    }
    expect(await taken(test)).toHaveLength(2)
    let open = (): void => {}
    log.gate = new Promise((resolve) => {
      open = resolve
    })
    test.device.raw([0x40, 2, 0, 1, 0x40, 2, 0, 2])
    await test.settle()
    expect(log.calls.at(-1)).toBe('lookup 2 after 2')
    // What was found is the third message; the fourth comes before the answer does.
    log.append('4', 1, 4)
    expect(forward(test, '4', 1, 4)).toBe('queued')
    open()
    expect(await taken(test)).toEqual(['3 at 1 with 3', '4 at 1 with 4'])
  })

  it('gives messages that are in no log identifiers of their own', async () => {
    const log = new Log()
    const test = await logged(log, { inflight: 3 }, false)
    log.append('stored 1', 1, 1)
    forward(test, 'stored 1', 1, 1)
    expect(forward(test, 'not stored', 1)).toBe('sent')
    for (const sequence of [2, 3]) {
      log.append(`stored ${sequence}`, 1, sequence)
      forward(test, `stored ${sequence}`, 1, sequence)
    }
    // It does not overtake the log either.
    expect(forward(test, 'not stored either', 1)).toBe('queued')
    test.device.autoAck = true
    test.device.send({ cmd: 'puback', messageId: 1 })
    for (const messageId of [2, 32_768]) test.device.send({ cmd: 'puback', messageId })
    expect(await taken(test)).toEqual([
      'stored 1 at 1 with 1',
      'not stored at 1 with 32768',
      'stored 2 at 1 with 2',
      'stored 3 at 1 with 3',
      'not stored either at 1 with 32769',
    ])
  })

  it('closes the connection when the log fails, and takes nobody else down', async () => {
    for (const callback of [
      'releaseOfflineMessages',
      'removeOfflineMessages',
      'lookupOfflineMessages',
    ] as const) {
      for (const late of [false, true]) {
        const broken: MiddlewareLike = { name: 'Broken', start() {} }
        const test = await alone({ inflight: 1 }, broken)
        const { peer: client, stack, device } = test
        client.session.expiryInterval = 60
        await stack.call('resumeSession', { client, present: false })
        broken[callback] = () => {
          if (late) return Promise.reject(new Error('the disk is full'))
          throw new Error('the disk is full')
        }
        stack.refresh()
        forward(test, 'one', callback === 'releaseOfflineMessages' ? 2 : 1, 1)
        forward(test, 'two', 1, 2)
        const cmd = callback === 'releaseOfflineMessages' ? 'pubrec' : 'puback'
        device.send({ cmd, messageId: 1 })
        await device.closed
        expect(test.logger.errors.join()).toContain('the disk is full')
      }
    }
  })
})

describe('the queue of a message that waits', () => {
  /** Forwards three messages, of which one is sent; answers where the last one waits. */
  function fill({ stack, peer }: Alone): Store<'forwardMessage'>['queue'] {
    const stores = ['one', 'two', 'three'].map((text) => {
      const store = new ForwardStore()
      stack.run('forwardMessage', new ForwardContext(peer, message(text, 1), 1, false), store)
      return store
    })
    expect(stores[0].queue).toBeUndefined()
    return stores[2].queue
  }

  it('tells when it is empty', async () => {
    const test = await alone({ inflight: 1 })
    const queue = fill(test)
    let drained = false
    const drain = Promise.resolve(queue?.drained()).then(() => {
      drained = true
    })
    test.device.send({ cmd: 'puback', messageId: 1 })
    await test.settle()
    expect(drained).toBe(false)
    test.device.send({ cmd: 'puback', messageId: 2 })
    await drain
    expect(queue?.drained()).toBeUndefined()
  })

  it('is empty when the connection is over', async () => {
    const test = await alone({ inflight: 1 })
    const drain = fill(test)?.drained()
    expect(drain).toBeInstanceOf(Promise)
    await test.device.drop()
    await drain
  })
})
