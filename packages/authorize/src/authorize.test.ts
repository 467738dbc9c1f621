import type {
  AuthorizeContext,
  AuthorizeStore,
  Client,
  Context,
  MiddlewareLike,
  Store,
  SubscribePacket,
} from '@mqtt-stack/core'
import { instead, Publish, ReasonCode, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Authorize } from './index.ts'

type Rule = (ctx: AuthorizeContext, store: AuthorizeStore) => void | Promise<void>

const rules = (rule: Rule): MiddlewareLike => ({
  name: 'Rules',
  authorizePacket: (ctx, store) => rule(ctx, store),
})

/** Relays and subscribes as inbound-manager, subscription-manager and a backend do. */
class Behind implements MiddlewareLike {
  readonly name = 'Behind'
  readonly handles = ['publish', 'subscribe'] as const
  readonly relayed: string[] = []
  /** Of the last PUBLISH. */
  relay = new RelayStore()
  /** Of each filter of the last SUBSCRIBE. */
  grants: Store<'subscribeTopic'>[] = []
  /** The last SUBSCRIBE. */
  asked: SubscribePacket | undefined
  declare stack: TestStack['stack']

  async handle(client: Client, packet: Publish | SubscribePacket): Promise<void> {
    if (packet.cmd === 'publish') {
      this.relay = new RelayStore()
      await this.stack.run(
        'relayMessage',
        new RelayContext(client, packet, client.session, undefined),
        this.relay,
      )
      return
    }
    this.asked = packet
    this.grants = []
    for (const options of packet.subscriptions)
      this.grants.push(await this.stack.call('subscribeTopic', subscribing(client, packet, options)))
  }

  relayMessage({ topic }: Context<'relayMessage'>): void {
    this.relayed.push(topic)
  }
}

function subscribing(
  client: Client,
  packet: Context<'subscribeTopic'>['packet'],
  options: SubscribePacket['subscriptions'][number],
): Context<'subscribeTopic'> {
  const { topic, qos } = options
  const restored = packet.cmd === 'connect'
  return { client, packet, topic, qos, options, identifier: undefined, share: undefined, restored }
}

async function stackOf(rule: Rule, ...before: MiddlewareLike[]): Promise<TestStack & { behind: Behind }> {
  const behind = new Behind()
  const test = await testStack(...before, new Authorize(), rules(rule), behind, acceptAll())
  return Object.assign(test, { behind })
}

const yes: Rule = (_ctx, store) => {
  store.valid = true
}
const later =
  (rule: Rule): Rule =>
  async (ctx, store) => {
    await new Promise(setImmediate)
    await rule(ctx, store)
  }
/** Refuses what is about `no`. */
const notNo: Rule = ({ packet }, store) => {
  store.valid = !(packet.cmd === 'publish' && packet.topic === 'no')
}

describe('PUBLISH', () => {
  it('is asked about with the client, the packet and what is wanted', async () => {
    const asked: unknown[] = []
    const { client, stack } = await stackOf(({ client: from, packet, action }, store) => {
      asked.push([from, packet.cmd === 'publish' && packet.topic, action])
      store.valid = true
    })
    const alice = await client()
    await alice.publish('a')
    expect(asked).toEqual([[[...stack.clients][0], 'a', 'publish']])
  })

  it.each([
    ['at once', notNo],
    ['later', later(notNo)],
  ])(
    'goes on when it is refused, and is vetoed at its relay: for rules that answer %s',
    async (_when, rule) => {
      const { client, behind } = await stackOf(rule)
      const alice = await client()
      await alice.publish('no')
      expect(behind.relay).toMatchObject({ vetoed: true, reasonCode: ReasonCode.NOT_AUTHORIZED })
      await alice.publish('yes')
      expect(behind.relay).toMatchObject({ vetoed: false, reasonCode: undefined })
      expect(behind.relayed).toEqual(['yes'])
    },
  )

  it('is refused with the reason that a rule gives', async () => {
    const { client, behind } = await stackOf((_ctx, store) => {
      store.valid = false
      store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    })
    await (await client()).publish('a')
    expect(behind.relay.reasonCode).toBe(ReasonCode.QUOTA_EXCEEDED)
  })

  it('is refused when no rule said yes', async () => {
    const { client, behind } = await stackOf(() => {})
    await (await client()).publish('a')
    expect(behind.relayed).toEqual([])
  })

  it('needs no rule to say no: one is enough, whoever says yes before', async () => {
    const asked: string[] = []
    const { client, behind } = await stackOf(
      (_ctx, store) => {
        asked.push('first')
        store.valid = true
      },
      rules(() => void asked.push('before')),
    )
    await (await client()).publish('a')
    expect([asked, behind.relayed]).toEqual([['before', 'first'], ['a']])
    const strict = await testStack(
      new Authorize(),
      rules(yes),
      rules((_ctx, store) => {
        store.valid = false
      }),
      rules(yes),
      behind,
      acceptAll(),
    )
    await (await strict.client()).publish('b')
    expect(behind.relayed).toEqual(['a'])
  })

  it('is vetoed also when a rule in front changed the message', async () => {
    const { client, behind } = await stackOf(notNo, {
      name: 'Rewrite',
      relayMessage: (ctx) => {
        ctx.packet = ctx.packet.with({ topic: `prefix/${ctx.topic}` })
      },
    })
    const alice = await client()
    await alice.publish('no')
    await alice.publish('yes')
    expect(behind.relayed).toEqual(['prefix/yes'])
  })

  it('that is refused takes nothing from others: not of other clients, not of the broker’s own', async () => {
    const { client, behind, stack } = await stackOf(notNo)
    const [alice, bob] = [await client({ clientId: 'alice' }), await client({ clientId: 'bob' })]
    await alice.publish('no')
    await bob.publish('yes')
    const own = new RelayContext(
      undefined,
      Publish.from({ topic: 'no' }),
      { clientId: '', identity: '' },
      undefined,
    )
    await stack.run('relayMessage', own, new RelayStore())
    expect(behind.relayed).toEqual(['yes', 'no'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no rules')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no rules'))],
  ])('is not relayed when a rule %s: the connection ends, and nobody else’s', async (_how, fail) => {
    const { client, behind, logger } = await stackOf((ctx, store) =>
      ctx.client.id === 'alice' ? fail() : yes(ctx, store),
    )
    const [alice, bob] = [await client({ clientId: 'alice' }), await client({ clientId: 'bob' })]
    await alice.publish('a')
    await alice.closed
    await bob.publish('b')
    expect(behind.relayed).toEqual(['b'])
    expect(logger.errors).toEqual(['Rules (authorizePacket): no rules'])
  })
})

describe('SUBSCRIBE', () => {
  /** What is granted of three filters asked at QoS 2. */
  async function granted(rule: Rule): Promise<unknown[]> {
    const { client, behind, settle } = await stackOf(rule)
    const alice = await client()
    alice.subscribe(['a', 'b', 'c'], { qos: 2 }).catch(() => {})
    await settle()
    return behind.grants.map(({ grant }) => grant)
  }

  it('is asked about once, with all its filters', async () => {
    const asked: unknown[] = []
    await granted(({ packet, action }, store) => {
      asked.push([
        action,
        packet.cmd === 'subscribe' && packet.subscriptions.map(({ topic }) => topic),
        store.grants,
      ])
      store.valid = true
    })
    expect(asked).toEqual([['subscribe', ['a', 'b', 'c'], [2, 2, 2]]])
  })

  it('is left to those behind where it is allowed', async () => {
    expect(await granted(yes)).toEqual([undefined, undefined, undefined])
  })

  it('is refused filter by filter, and lowered', async () => {
    const rule: Rule = (_ctx, store) => {
      store.valid = true
      store.grants = [2, ReasonCode.NOT_AUTHORIZED, 0]
    }
    expect(await granted(rule)).toEqual([undefined, ReasonCode.NOT_AUTHORIZED, 0])
    expect(await granted(later(rule))).toEqual([undefined, ReasonCode.NOT_AUTHORIZED, 0])
  })

  it.each<[string, Rule]>([
    ['nobody says yes', () => {}],
    [
      'somebody says no',
      (_ctx, store) => {
        store.valid = false
      },
    ],
    [
      'grants are missing',
      (_ctx, store) => {
        store.valid = true
        store.grants = []
      },
    ],
  ])('is refused as a whole when %s', async (_case, rule) => {
    expect(await granted(rule)).toEqual(Array(3).fill(ReasonCode.NOT_AUTHORIZED))
  })

  it('is asked about shared filters as the filters that are shared, whatever the share is called', async () => {
    const asked: unknown[] = []
    const rule: Rule = ({ packet }, store) => {
      if (packet.cmd !== 'subscribe') return
      store.valid = true
      store.grants = packet.subscriptions.map(({ topic, qos }) =>
        topic.startsWith('secret') ? ReasonCode.NOT_AUTHORIZED : qos,
      )
      asked.push(packet.subscriptions.map(({ topic, share }) => [topic, share?.group, share?.filter]))
    }
    const { client, behind, settle } = await stackOf(rule)
    const alice = await client({ protocolVersion: 5 })
    const filters = ['$share/g/secret/#', '$share/secret/open', 'secret/#', 'open']
    alice.subscribe(filters, { qos: 1 }).catch(() => {})
    await settle()
    expect(behind.grants.map(({ grant }) => grant)).toEqual([0x87, undefined, 0x87, undefined])
    expect(asked).toEqual([
      [
        ['secret/#', 'g', 'secret/#'],
        ['open', 'secret', 'open'],
        ['secret/#', undefined, undefined],
        ['open', undefined, undefined],
      ],
    ])
    expect(behind.asked?.subscriptions.map(({ topic }) => topic)).toEqual(filters)
  })

  it('is asked about shared filters in the same way when a session is resumed', async () => {
    const rule: Rule = ({ packet }, store) => {
      store.valid = packet.cmd === 'subscribe' && !packet.subscriptions[0].topic.startsWith('secret')
    }
    const { client, stack } = await stackOf(rule)
    await client()
    const [from] = stack.clients
    const connect = { cmd: 'connect', clientId: 'a', clean: false, protocolId: 'MQTT', keepalive: 0 } as const
    const options = { topic: '$share/g/secret/#', qos: 1 } as const
    const { grant } = await stack.call('subscribeTopic', subscribing(from, connect, options))
    expect(grant).toBe(ReasonCode.NOT_AUTHORIZED)
  })

  it('is refused for a filter that nobody was asked about', async () => {
    const { client, stack, behind, settle } = await stackOf(yes)
    const alice = await client()
    alice.subscribe('a').catch(() => {})
    await settle()
    const [from] = stack.clients
    const slipped = { topic: 'secret', qos: 0 } as const
    const forged: SubscribePacket = { cmd: 'subscribe', packetId: 1, subscriptions: [slipped] }
    for (const [packet, options] of [
      [behind.asked as SubscribePacket, slipped],
      [forged, slipped],
    ] as const) {
      const store = await stack.call('subscribeTopic', subscribing(from, packet, options))
      expect(store.grant).toBe(ReasonCode.NOT_AUTHORIZED)
    }
  })

  it('is asked about again when a session is resumed, as if the client subscribed', async () => {
    const asked: unknown[] = []
    const { client, stack } = await stackOf(({ packet, action }, store) => {
      if (packet.cmd === 'subscribe') asked.push([action, packet.subscriptions])
      store.valid = packet.cmd === 'subscribe' && packet.subscriptions[0].topic === 'a'
    })
    await client()
    const [from] = stack.clients
    const connect = {
      cmd: 'connect',
      clientId: 'alice',
      clean: false,
      protocolId: 'MQTT',
      keepalive: 0,
    } as const
    const grants: unknown[] = []
    for (const topic of ['a', 'b']) {
      const options = { topic, qos: 1 } as const
      const { grant } = await stack.call('subscribeTopic', subscribing(from, connect, options))
      grants.push(grant)
    }
    expect(grants).toEqual([undefined, ReasonCode.NOT_AUTHORIZED])
    expect(asked).toEqual([
      ['subscribe', [{ topic: 'a', qos: 1 }]],
      ['subscribe', [{ topic: 'b', qos: 1 }]],
    ])
  })
})

describe('a will', () => {
  const connect = { will: { topic: 'gone', payload: Buffer.from('x'), qos: 0, retain: false } } as const

  it('is asked about with its CONNECT', async () => {
    const asked: unknown[] = []
    const { client } = await stackOf(({ packet, action }, store) => {
      asked.push([action, packet.cmd === 'connect' && packet.will?.topic])
      store.valid = true
    })
    await client(connect)
    await client()
    expect(asked).toEqual([['will', 'gone']])
  })

  it.each<[string, Rule, number]>([
    ['5 when nobody allows it', () => {}, 5],
    [
      'what a rule says',
      (_ctx, store) => {
        store.valid = false
        store.reasonCode = ReasonCode.SERVER_BUSY
      },
      3,
    ],
    ['3 when a rule fails', () => Promise.reject(new Error('no rules')), 3],
  ])('[MQTT-3.2.2-5] refuses the CONNECT with %s', async (_case, rule, returnCode) => {
    const { open } = await stackOf(rule)
    const alice = open()
    expect((await alice.connect(connect)).returnCode).toBe(returnCode)
    await alice.closed
  })
})

it('a stack in which nobody could answer does not start', async () => {
  await expect(testStack(new Authorize(), acceptAll())).rejects.toMatchObject({
    code: 'CALLBACK_UNANSWERED',
    message: expect.stringContaining('authorizePacket'),
  })
})

it('takes no options', () => {
  expect(() => new Authorize({ rules: [] } as object)).toThrow(
    expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
  )
})

/** Puts another topic or filter in place, as a middleware of tenants does. */
const renames = (from: string, to: string): MiddlewareLike => ({
  name: 'Renames',
  handles: ['publish', 'subscribe'],
  handle(_client, packet) {
    if (packet.cmd === 'publish')
      return packet.topic === from ? instead(packet.with({ topic: to })) : undefined
    if (packet.cmd !== 'subscribe') return undefined
    const subscriptions = packet.subscriptions.map((one) =>
      one.topic === from ? { ...one, topic: to } : one,
    )
    return instead({ ...packet, subscriptions })
  },
})

describe('what a handler puts in place of a packet', () => {
  it.each([
    ['no', 'yes', []],
    ['yes', 'no', ['no']],
  ])('behind is vetoed, or not, as what was asked about: %s', async (topic, other, relayed) => {
    const behind = new Behind()
    const { client } = await testStack(
      new Authorize(),
      rules(notNo),
      renames(topic, other),
      behind,
      acceptAll(),
    )
    await (await client()).publish(topic)
    expect(behind.relayed).toEqual(relayed)
  })

  it('before is what is asked about', async () => {
    const rule: Rule = ({ packet }, store) => {
      store.valid =
        packet.cmd === 'subscribe'
          ? packet.subscriptions[0].topic !== 'no'
          : packet.cmd === 'publish' && packet.topic !== 'no'
    }
    const { client, behind } = await stackOf(rule, renames('yes', 'no'))
    const device = await client()
    await device.publish('yes')
    expect(behind.relayed).toEqual([])
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'yes', qos: 1 }] })
    await device.expectNothing()
    expect(behind.grants).toEqual([{ grant: ReasonCode.NOT_AUTHORIZED }])
  })

  it('behind has the grants of the filters that it stands for', async () => {
    const behind = new Behind()
    const rule: Rule = ({ packet }, store) => {
      store.valid = true
      if (packet.cmd === 'subscribe')
        store.grants = packet.subscriptions.map(({ topic }) => Number(topic) as 0)
    }
    const { client } = await testStack(new Authorize(), rules(rule), renames('1', '2'), behind, acceptAll())
    const device = await client()
    const subscriptions = ['0', '1', '2'].map((topic) => ({ topic, qos: 2 as const }))
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions })
    await device.expectNothing()
    expect(behind.asked?.subscriptions.map(({ topic }) => topic)).toEqual(['0', '2', '2'])
    expect(behind.grants).toEqual([{ grant: 0 }, { grant: 1 }, {}])
  })
})
