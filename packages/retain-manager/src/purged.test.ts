import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

describe.each(BACKENDS)('retained messages that are purged, on a backend %s', (_name, backend) => {
  it('while they are handed out are not sent any more, and all others are', async () => {
    const { stack, client, settle } = await defaultStack({ backend, stack: { highWater: 8_192 } })
    const alice = await client({ clientId: 'alice' })
    const topics = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'))
    for (const topic of topics)
      for (const kind of ['open', 'secret'])
        await alice.publish(`${topic}/${kind}`, kind.padEnd(1_000), { qos: 1, retain: true })
    const bob = await client({ clientId: 'bob' })
    bob.freeze()
    bob.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] })
    await settle()
    expect(await stack.call('purgeMessages', { filter: '+/secret' })).toEqual({
      waiting: 0,
      retained: 60,
      wills: 0,
    })
    bob.thaw()
    await settle()
    const got = bob.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []))
    expect(got.filter((topic) => topic.endsWith('open'))).toEqual(topics.map((topic) => `${topic}/open`))
    expect(got.filter((topic) => topic.endsWith('secret')).length).toBeLessThan(40)
    // In one stretch: what came behind the purge has none of them.
    const last = got.findLastIndex((topic) => topic.endsWith('secret'))
    expect(got.slice(0, last + 1).filter((topic) => topic.endsWith('secret')).length).toBeGreaterThan(
      last / 2,
    )
  })
})
