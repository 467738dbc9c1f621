/** A broker that is killed at any moment: nothing is relayed twice, and nothing that was acknowledged is lost. */
import { MemoryStore } from '@mqtt-stack/testing'
import { expect, test } from 'vitest'
import type { DefaultStack } from '../../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function processOver(store: MemoryStore): Promise<DefaultStack> {
  const backend = new StoredBackend(undefined, store)
  return defaultStack({ backend, sessionManager: { maximumExpiry: 3_600 } })
}

const ONCE = { cmd: 'publish', topic: 'a', payload: 'once', qos: 2, messageId: 7, retain: false } as const

// EMQX CVE-2026-8741.
test.each(Array.from({ length: 16 }, (_, turns) => turns))(
  'a QoS 2 message is delivered once, by a broker that is killed %i turns behind it',
  async (turns) => {
    const store = new MemoryStore({ commit: 3 })
    const first = await processOver(store)
    const reader = await first.client({ clientId: 'reader', clean: false })
    await reader.subscribe('a', { qos: 2 })
    await reader.disconnect()
    const sender = await first.client({ clientId: 'sender', clean: false, autoAck: false })
    await first.settle()
    sender.send({ ...ONCE, dup: false })
    for (let i = 0; i < turns; i++) await nextTurn()
    const wasReceived = sender.received.some(({ cmd }) => cmd === 'pubrec')
    store.crash()

    const second = await processOver(store)
    const again = await second.client({ clientId: 'sender', clean: false, autoAck: false })
    if (!wasReceived) {
      again.send({ ...ONCE, dup: true })
      await again.next('pubrec')
    }
    again.send({ cmd: 'pubrel', messageId: 7 })
    await again.next('pubcomp')
    const back = second.open({ clientId: 'reader' })
    await back.connect({ clean: false })
    expect((await back.message()).payload).toBe('once')
    await back.expectNothing()
  },
)
