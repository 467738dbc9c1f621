/** A listener has a name, and says which middlewares are asked who its clients are. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MiddlewareLike, Store } from '@mqtt-stack/core'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { TestClient } from '@mqtt-stack/testing'
import { expect, onTestFinished, test } from 'vitest'
import { testBroker } from '../../../../test/rig/broker.ts'
import type { ListenerOptions } from './options.ts'

/** A stranger's provider: it lets in everybody who has a password. */
const passwords: MiddlewareLike = {
  name: 'Passwords',
  authenticateConnection({ password }, store: Store<'authenticateConnection'>) {
    if (password !== undefined) store.valid = true
  },
}

test('only they are asked, on ports and on Unix sockets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'broker')
  const broker = testBroker({
    listeners: [
      { transport: 'tcp', port: 0, name: 'house', providers: ['Anonymous'] },
      { transport: 'tcp', port: 0, name: 'world', providers: ['Passwords'] },
      { transport: 'unix', path, name: 'file', providers: ['Passwords'] },
    ],
    use: [passwords],
    allowAnonymous: 'local',
    authorize: false,
  })
  const [house, world] = await broker.listen()
  const answer = async (where: number | string | undefined, username?: string): Promise<number> => {
    const socket = typeof where === 'string' ? connect(where) : connect(where as number, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const clientId = `${where} ${username}`
    const client = new TestClient(socket, { patience: 10_000, clientId })
    const { returnCode } = await client.connect(username === undefined ? {} : { username, password: 'x' })
    return returnCode as number
  }
  expect(await answer(house.port)).toBe(0)
  expect(await answer(house.port, 'alice')).toBe(4)
  expect(await answer(world.port)).toBe(5)
  expect(await answer(world.port, 'alice')).toBe(0)
  expect(await answer(path)).toBe(5)
  expect(await answer(path, 'bob')).toBe(0)
  expect([...broker.stack.clients].map(({ listener }) => listener.name)).toEqual(['house', 'world', 'file'])
  const { lines } = broker.stack.config.logger as RecordingLogger
  const refused = lines.filter(({ message }) => message === 'client refused')
  expect(refused.map(({ cause }) => (cause as { listener?: string }).listener)).toEqual([
    'house',
    'world',
    'file',
  ])
})

test('one that is not there is an error before anything listens', async () => {
  const providers = ['Pasword']
  const broker = testBroker({ listeners: [{ port: 0, providers }], use: [passwords], authorize: false })
  await expect(broker.listen()).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message:
      'tcp listener: option "providers" names "Pasword", and no middleware of that name says who clients are (known: Passwords)',
  })
})

test.each([[[]], ['Passwords'], [['']]])('what is no list of names is refused: %j', (providers) => {
  const listener = { providers } as ListenerOptions
  expect(() => testBroker({ listeners: [listener] })).toThrow(
    `tcp listener: option "providers" must be a list of names of middlewares, not ${JSON.stringify(providers)}`,
  )
})
