import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import { streamPair } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import * as encode from '../wire/encode.ts'
import type { Version } from '../wire/packet-types.ts'
import type { Define, Test } from './chapter.ts'
import { chapter } from './chapter.ts'
import { describeProtocol } from './describe-protocol.ts'
import { ConformanceError, Remark } from './errors.ts'
import { RawClient } from './raw-client.ts'
import { runSuite } from './run-suite.ts'
import { runTest } from './run-test.ts'
import type { Target } from './target.ts'
import type { TestContext } from './test-context.ts'

const CONNACK = Buffer.of(0x20, 2, 0, 0)
const CONNACK_5 = Buffer.of(0x20, 3, 0, 0, 0)

/** A client, and the other end of its connection. */
function pair(version: Version = 4): { client: RawClient; broker: Duplex } {
  const [ours, broker] = streamPair()
  broker.resume()
  return { client: new RawClient(ours, { version, patience: 100 }), broker }
}

describe('RawClient', () => {
  it('hands over packets by type, and keeps the others', async () => {
    const { client, broker } = pair()
    broker.write(Buffer.concat([CONNACK, Buffer.of(0xd0, 0), Buffer.of(0x40, 2, 0, 7)]))
    await client.expect('puback', { id: 7 })
    expect((await client.next()).type).toBe('connack')
    expect(() => client.expectNothing()).toThrow('PINGRESP')
    await client.expect('pingresp')
    client.expectNothing()
  })

  it('says what differs', async () => {
    const { client, broker } = pair()
    broker.write(encode.publish(4, { topic: 'a', payload: 'x' }))
    await expect(client.expect('publish', { payload: 'y' })).rejects.toThrow('payload is "x", not "y"')
    broker.write(Buffer.of(0x40, 2, 0, 7))
    await expect(client.expect('puback', { id: 8 })).rejects.toThrow('id is 7, not 8')
  })

  it('gives up, and says what came instead', async () => {
    const { client, broker } = pair()
    broker.write(CONNACK)
    await expect(client.expect('puback')).rejects.toThrow('untaken: CONNACK 0x00')
  })

  it('gives up at once when the connection is closed', async () => {
    const { client, broker } = pair()
    const waiting = client.expect('puback')
    broker.destroy()
    await expect(waiting).rejects.toThrow('the connection was closed')
    await expect(client.next()).rejects.toThrow('the connection was closed')
  })

  it('fails on what no server may send, whatever is waited for', async () => {
    const { client, broker } = pair()
    broker.write(Buffer.of(0x40, 2, 0, 0))
    await expect(client.ping()).rejects.toThrow('packet identifier is 0')
    expect(client.problem).toBeInstanceOf(ConformanceError)
  })

  it('completes the exchanges of QoS 1 and 2', async () => {
    const { client, broker } = pair()
    const sent: number[] = []
    broker.on('data', (chunk: Buffer) => {
      sent.push(chunk[0])
      if (chunk[0] >> 4 === 5) broker.write(Buffer.of(0x62, 2, 0, 9))
    })
    broker.write(encode.publish(4, { topic: 'a', payload: 'x', qos: 2, id: 9 }))
    await client.message({ topic: 'a', qos: 2 })
    await new Promise(setImmediate)
    expect(sent).toEqual([0x50, 0x70])
  })

  describe('expectRefusal', () => {
    it('wants a bare close before 5.0', async () => {
      const { client, broker } = pair()
      broker.end()
      await client.expectRefusal(0x81)
      const second = pair()
      second.broker.end(Buffer.of(0x20, 2, 0, 5))
      await expect(second.client.expectRefusal(0x81)).rejects.toThrow('CONNACK 0x05 came before the close')
    })

    it('wants CONNACK with the code before acceptance in 5.0, and DISCONNECT after', async () => {
      const early = pair(5)
      early.broker.end(Buffer.of(0x20, 3, 0, 0x81, 0))
      await early.client.expectRefusal(0x81)
      const late = pair(5)
      late.broker.end(Buffer.concat([CONNACK_5, Buffer.of(0xe0, 1, 0x82)]))
      await late.client.expect('connack')
      await late.client.expectRefusal(0x81, 0x82)
    })

    it('remarks a bare close, and another code, and no more', async () => {
      const bare = pair(5)
      bare.broker.end()
      await expect(bare.client.expectRefusal(0x81)).rejects.toThrow(Remark)
      const other = pair(5)
      other.broker.end(Buffer.of(0x20, 3, 0, 0x82, 0))
      await expect(other.client.expectRefusal(0x81)).rejects.toThrow('said 0x82, not 0x81')
    })

    it('fails when the connection stays', async () => {
      const { client } = pair(5)
      const failure = await client.expectRefusal(0x81).catch((error: Error) => error)
      expect(failure).toBeInstanceOf(ConformanceError)
      expect(failure).not.toBeInstanceOf(Remark)
    })
  })
})

/** A target that is never reached. */
const nowhere: Target = {
  connect() {
    throw new Error('nobody is there')
  },
}

function only(run: (t: TestContext) => Promise<void>): Test {
  return chapter(5, 'Chapter', (test) => test('1.2.3-4', 'does it', run)).tests[0]
}

describe('chapter', () => {
  it('titles tests with their numbers, by version', () => {
    const define = (test: Define): void => {
      test({ 4: '1.0.0-1 1.0.0-2', 5: '2.0.0-1' }, 'does it', async () => {})
      test({ 5: '3.0.0-1' }, 'does more', async () => {}, { slow: true })
    }
    expect(chapter(4, 'One', define).tests.map(({ title }) => title)).toEqual([
      '[MQTT-1.0.0-1] [MQTT-1.0.0-2] does it',
      'does more',
    ])
    const [first, second] = chapter(5, 'One', define).tests
    expect(first.statements).toEqual(['MQTT-2.0.0-1'])
    expect(second).toMatchObject({
      title: '[MQTT-3.0.0-1] does more',
      slow: true,
      version: 5,
      chapter: 'One',
    })
    expect(chapter(3, 'One', define).tests[0].title).toBe('does it')
  })
})

describe('runTest', () => {
  it('tells passes, remarks, failures and skips apart', async () => {
    const results = await runSuite(
      [
        only(async () => {}),
        only(async (t) => t.recommended(Promise.reject(new ConformanceError('better not')))),
        only(async () => {
          throw new ConformanceError('wrong')
        }),
        only(async (t) => t.skip('does not apply')),
        only(async (t) => void (await t.connect())),
      ],
      [() => nowhere],
      { parallel: 2 },
    )
    expect(results.map(({ status, message }) => `${status} ${message}`)).toEqual([
      'pass ',
      'remark better not',
      'fail wrong',
      'skip does not apply',
      'fail nobody is there',
    ])
  })

  it('takes the first target to which a test applies, and closes each', async () => {
    const closed: string[] = []
    const target = (username: string | undefined, name: string) => (): Target => ({
      ...nowhere,
      ...(username && { credentials: { username, password: '' } }),
      close: async () => void closed.push(name),
    })
    const test = only(async (t) => t.check(t.need('credentials').username === 'me', 'another came'))
    const result = await runTest(test, [
      target(undefined, 'first'),
      target('me', 'second'),
      target('you', 'third'),
    ])
    expect(result.status).toBe('pass')
    expect(closed).toEqual(['first', 'second'])
  })

  it('fails a test during which something came that no server may send', async () => {
    const [ours, broker] = streamPair()
    broker.write(Buffer.of(0x40, 2, 0, 0))
    const test = only(async (t) => {
      await t.open()
      await new Promise((resolve) => setTimeout(resolve, 20))
    })
    const result = await runTest(test, [() => ({ connect: () => ours })])
    expect(result).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('packet identifier is 0'),
    })
  })
})

describe('each', () => {
  const run = (failing: Record<string, Error | undefined>): Promise<string> =>
    runTest(
      only((t) =>
        t.each(failing, async (error) => {
          if (error !== undefined) throw error
        }),
      ),
      [() => nowhere],
    ).then(({ status, message }) => `${status} ${message}`)

  it('tries all, and names the first that breaks a demand', async () => {
    expect(await run({ one: undefined, two: undefined })).toBe('pass ')
    const failing = { one: new Remark('late'), two: new ConformanceError('never'), three: undefined }
    expect(await run(failing)).toBe('fail two: never (and 1 more of 3)')
    expect(await run({ one: new Remark('late') })).toBe('remark one: late')
  })
})

describe('describeProtocol', () => {
  it('defines a test for each of a version with the runner that it is given', async () => {
    const titles: string[] = []
    const runs: ((context: { skip(note?: string): void }) => Promise<void>)[] = []
    describeProtocol({
      describe: (title, define) => {
        titles.push(title)
        define()
      },
      it: (title, run) => {
        titles.push(title)
        runs.push(run)
      },
      version: 4,
      filter: ({ title }) => title.includes('MQTT-3.12.4-1') || title.includes('MQTT-3.2.2-5] closes behind'),
      connect: () => nowhere.connect(),
    })
    expect(titles).toEqual([
      '3.1 CONNECT of 3.1.1',
      '[MQTT-3.2.2-5] closes behind a refusal of user name and password',
      '3.1.2 Keep alive',
      '[MQTT-3.12.4-1] answers PINGREQ with PINGRESP, as often as it comes',
    ])
    const notes: (string | undefined)[] = []
    await expect(runs[1]({ skip: (note) => notes.push(note) })).rejects.toThrow('nobody is there')
  })
})
