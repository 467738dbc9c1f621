import type { SentPacket } from '@mqtt-stack/core'
import { Publish, Stack } from '@mqtt-stack/core'
import { acceptAll, streamPair } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'

it('a tap shows what a client is sent, as long as somebody looks on', async () => {
  const errors: string[] = []
  const stack = new Stack({ errorHandler: ({ message }) => void errors.push(message) }).use(acceptAll())
  await stack.start()
  const [server] = streamPair()
  const client = stack.connect(server)
  const seen: SentPacket[] = []
  const message = Publish.from({ topic: 'a', payload: 'hello' })
  client.ack('puback', 1)
  const end = client.tap((sent) => seen.push(sent))
  client.tap(() => {
    throw new Error('mine')
  })
  client.ack('puback', 2)
  client.publish(message, 1, true, false, 3)
  client.write({ cmd: 'pingresp' })
  end()
  client.ack('puback', 4)
  expect(seen).toEqual([
    { cmd: 'puback', packetId: 2, reasonCode: 0 },
    { cmd: 'publish', packet: message, qos: 1, retain: true, dup: false, packetId: 3 },
    { cmd: 'pingresp' },
  ])
  expect(errors).toEqual(['mine'])
  await stack.stop()
})
