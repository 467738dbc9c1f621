/** Users that are listed and changed while the broker runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@mqtt-stack/core'
import { expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { hashPassword, PasswordAuth } from './index.ts'

async function setup(text: string): Promise<Broker5 & { readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'password-auth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  writeFileSync(path, text, { mode: 0o600 })
  const users = new PasswordAuth({ file: path })
  const rig = broker5({ use: [{ middleware: users, after: 'authentication' }], authorize: false })
  await rig.broker.start()
  return Object.assign(rig, { path })
}

const provider = 'PasswordAuth'

it('lists users by name, in pages, without what is secret', async () => {
  const hash = await hashPassword('secret')
  const { broker } = await setup(`# who\nbob:${hash}:staff\nann:${hash}\neve:${hash}\n`)
  const list = (after?: string): Promise<Store<'lookupUsers'>> =>
    broker.stack.call('lookupUsers', { limit: 2, ...(after !== undefined && { after }) })
  expect(await list()).toEqual([
    { name: 'ann', groups: [], provider },
    { name: 'bob', groups: ['staff'], provider },
  ])
  expect(await list('bob')).toEqual([{ name: 'eve', groups: [], provider }])
  expect(await list('eve')).toEqual([])
  expect(await broker.stack.call('lookupUsers', { limit: 2, provider: 'Other' })).toEqual([])
})

it('adds, changes and removes users, which holds at once, and closes those who are others now', async () => {
  const { broker, client, open, path } = await setup(`# who\nann:${await hashPassword('secret')}:staff\n`)
  const ann = await client({ username: 'ann', password: 'secret', patience: 5_000 })
  const added = await broker.stack.call('storeUser', {
    provider,
    name: 'bob',
    password: 'other',
    groups: ['night'],
  })
  expect(added).toEqual({ stored: true, existed: false })
  const bob = await client({ username: 'bob', password: 'other', patience: 5_000 })
  expect(ann.stream.destroyed).toBe(false)
  const regrouped = await broker.stack.call('storeUser', { provider, name: 'ann', groups: ['day', 'staff'] })
  expect(regrouped).toEqual({ stored: true, existed: true })
  await ann.closed
  expect(readFileSync(path, 'utf8')).toMatch(/^# who\nann:\$[^:]+:day,staff\nbob:\$[^:]+:night\n$/)
  expect(await broker.stack.call('removeUser', { provider, name: 'bob' })).toEqual({
    asked: true,
    existed: true,
  })
  await bob.closed
  expect((await open({ patience: 5_000 }).connect({ username: 'bob', password: 'other' })).reasonCode).toBe(
    0x86,
  )
  expect(await broker.stack.call('removeUser', { provider, name: 'bob' })).toEqual({
    asked: true,
    existed: false,
  })
  expect(await broker.stack.call('removeUser', { provider: 'Other', name: 'ann' })).toEqual({})
})

it('has changes that come together one after the other', async () => {
  const { broker } = await setup('')
  const names = ['a', 'b', 'c']
  await Promise.all(
    names.map((name) => broker.stack.call('storeUser', { provider, name, password: 'secret' })),
  )
  expect((await broker.stack.call('lookupUsers', { limit: 9 })).map(({ name }) => name)).toEqual(names)
})

it('refuses what cannot be a user, and changes nothing then', async () => {
  const { broker, path } = await setup('')
  const before = readFileSync(path, 'utf8')
  const store = (ctx: { name: string; groups?: string[] }): Promise<unknown> =>
    broker.stack.call('storeUser', { provider, ...ctx })
  await expect(store({ name: 'a:b' })).rejects.toThrow(/^PasswordAuth: the user name .*: choose another one$/)
  await expect(store({ name: 'a', groups: ['x,y'] })).rejects.toThrow(
    /^PasswordAuth: a group .*: choose another one$/,
  )
  await expect(store({ name: 'a' })).rejects.toThrow('PasswordAuth: "a" is new: give it a password')
  expect(readFileSync(path, 'utf8')).toBe(before)
})
