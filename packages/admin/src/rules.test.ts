/** Access rules and users through HTTP, with providers that can write and a stranger’s. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Acl } from '@mqtt-stack/acl'
import { ScramAuth } from '@mqtt-stack/auth-scram'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Opened } from '../../../test/rig/admin.ts'
import { openAdmin, READER } from '../../../test/rig/admin.ts'

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'admin-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** Rules of a file, behind one of the configuration. */
async function withRules(): Promise<Opened & { readonly path: string; text(): string }> {
  const path = file('rules.acl', '# Ours.\nallow subscribe #\nallow publish a\n')
  const acl = new Acl({ rules: [{ allow: 'publish', topic: 'own' }], file: path })
  const opened = await openAdmin({}, { use: [{ middleware: acl, after: 'authentication' }] })
  return Object.assign(opened, { path, text: () => readFileSync(path, 'utf8') })
}

describe('rules', () => {
  it('are listed with their places, in pages, by who reads', async () => {
    const { ask, path } = await withRules()
    const { body: lists } = await ask('/api/rules', { token: READER })
    expect(lists).toEqual([{ provider: 'Acl', version: expect.any(String), count: 3 }])
    const first = (await ask('/api/rules/Acl?limit=2', { token: READER })).body
    expect(first.items).toEqual([
      { place: 1, text: 'allow publish own', writable: false },
      { place: 2, text: 'allow subscribe #', source: `${path}:2`, writable: true },
    ])
    const second = (await ask(`/api/rules/Acl?limit=2&cursor=${first.next}`, { token: READER })).body
    expect(second).toEqual({
      ...lists[0],
      items: [{ place: 3, text: 'allow publish a', source: `${path}:3`, writable: true }],
    })
    const none = await ask('/api/rules/Other')
    expect([none.status, none.body.detail]).toEqual([404, 'no middleware "Other" says that it has rules'])
  })

  it('are added, changed, moved and removed by who operates, and are in force and logged then', async () => {
    const { ask, text, client, logger } = await withRules()
    const joe = await client({ clientId: 'joe', protocolVersion: 5 })
    await joe.subscribe('a')
    let { version } = (await ask('/api/rules/Acl')).body
    const write = async (method: string, path: string, body?: object): Promise<number | undefined> => {
      const query = body === undefined ? `?version=${version}` : ''
      const said = { method, ...(body !== undefined && { body: { ...body, version } }) }
      const answer = await ask(`/api/rules/Acl${path}${query}`, said)
      expect(answer.status).toBe(200)
      version = answer.body.version
      return answer.body.place
    }
    expect(await write('POST', '', { text: 'allow publish b' })).toBe(4)
    expect(await write('PUT', '/4', { to: 3, text: 'allow publish c' })).toBe(3)
    expect(text()).toBe('# Ours.\nallow subscribe #\nallow publish c\nallow publish a\n')
    expect(await write('DELETE', '/2')).toBeUndefined()
    expect(text()).toBe('# Ours.\nallow publish c\nallow publish a\n')
    expect((await ask('/api/rules/Acl')).body.version).toBe(version)
    expect((await joe.subscribe('a')).granted).toEqual([0x87])
    expect(
      logger.events('admin.acted').map(({ by, did, target, given }) => [by, did, target, given]),
    ).toEqual([
      ['operator', 'POST /api/rules/{provider}', 'Acl', 'text "allow publish b"'],
      ['operator', 'PUT /api/rules/{provider}/{place}', 'Acl 4', 'text "allow publish c", to 3'],
      ['operator', 'DELETE /api/rules/{provider}/{place}', 'Acl 2', undefined],
    ])
  })

  it('are not changed by who reads, nor by who has seen others', async () => {
    const { ask, text } = await withRules()
    const before = text()
    const { version } = (await ask('/api/rules/Acl')).body
    const add = (rule: string, token?: string): ReturnType<typeof ask> =>
      ask('/api/rules/Acl', { method: 'POST', body: { version, text: rule }, ...(token && { token }) })
    expect((await add('deny publish x', READER)).status).toBe(403)
    expect(text()).toBe(before)
    const answers = await Promise.all([add('deny publish one'), add('deny publish other')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const refused = answers.find(({ status }) => status === 409)
    expect(refused?.headers.get('content-type')).toBe('application/problem+json')
    expect(refused?.body).toMatchObject({
      code: 'conflict',
      detail: 'the rules have changed since: look at them again',
    })
  })

  it.each([
    [
      { text: 'allow write a' },
      '',
      422,
      'acl: PATH:4: unknown action "write": publish, subscribe, receive or will',
    ],
    [{ text: '# x' }, '', 400, 'acl: the rule: it begins with allow or deny, as in: allow publish a/#'],
    [{ text: 'deny publish a', to: 9 }, '', 404, 'there is no place 9: places are 1 to 4'],
    [
      { text: 'deny publish a' },
      '/1',
      422,
      'rule 1 is of the option "rules", not of the file: change it there',
    ],
    [{}, '/1', 400, 'say how the rule is to be (text), or where (to)'],
  ])('are not changed by %j at "%s"', async (said, at, status, detail) => {
    const { ask, path, text } = await withRules()
    const before = text()
    const { version } = (await ask('/api/rules/Acl')).body
    const answer = await ask(`/api/rules/Acl${at}`, {
      method: at === '' ? 'POST' : 'PUT',
      body: { version, ...said },
    })
    expect([answer.status, answer.body.detail]).toEqual([status, detail.replace('PATH', path)])
    expect(text()).toBe(before)
  })

  it('are not written over a file that is broken', async () => {
    const { ask, path, text } = await withRules()
    const { version } = (await ask('/api/rules/Acl')).body
    writeFileSync(path, 'alow publish a\n')
    const { status, body } = await ask(`/api/rules/Acl/2?version=${version}`, { method: 'DELETE' })
    expect([status, body.detail]).toEqual([
      422,
      `acl: ${path}:1: unknown word "alow": a rule begins with allow or deny (a line of Mosquitto with user, topic or pattern)`,
    ])
    expect(text()).toBe('alow publish a\n')
  })

  it('of a stranger are written by the stranger', async () => {
    const kept = ['one', 'two']
    const mine: MiddlewareLike = {
      name: 'Mine',
      lookupRules({ provider = 'Mine', after = 0, limit }, store) {
        if (provider !== 'Mine') return
        const rules = kept.map((text, i) => ({ place: i + 1, text, writable: true }))
        store.push({
          provider,
          version: `${kept}`,
          count: kept.length,
          rules: rules.slice(after, after + limit),
        })
      },
      storeRule({ provider, text = '' }, store) {
        if (provider !== 'Mine') return
        kept.push(text)
        Object.assign(store, { outcome: 'changed', version: `${kept}`, place: kept.length })
      },
    }
    const { ask } = await openAdmin({}, { use: [mine] })
    const body = { version: 'one,two', text: 'three' }
    const added = await ask('/api/rules/Mine', { method: 'POST', body })
    expect(added.body).toEqual({ version: 'one,two,three', place: 3 })
    expect((await ask('/api/rules/Mine')).body.items).toHaveLength(3)
    const unable = await ask('/api/rules/Mine/1?version=x', { method: 'DELETE' })
    expect(unable.status).toBe(501)
  })
})

describe('users of SCRAM', () => {
  it('are added, changed and removed, and no password is in the log', async () => {
    const path = file('users', '# ours\n')
    const scram = new ScramAuth({ file: path })
    const { ask, logger } = await openAdmin(
      {},
      { authorize: false, use: [{ middleware: scram, after: 'authentication' }] },
    )
    const put = (body: object): ReturnType<typeof ask> =>
      ask('/api/users/ScramAuth/joe', { method: 'PUT', body })
    expect((await put({ password: 'hush-hush', groups: ['staff'] })).body).toEqual({ existed: false })
    expect((await put({ groups: ['night'] })).body).toEqual({ existed: true })
    expect((await ask('/api/users', { token: READER })).body.items).toEqual([
      { name: 'joe', groups: ['night'], provider: 'ScramAuth' },
    ])
    expect((await ask('/api/users/ScramAuth/joe', { method: 'DELETE' })).status).toBe(204)
    expect(readFileSync(path, 'utf8')).toBe('# ours\n')
    expect(logger.events('admin.acted')).toHaveLength(3)
    expect(JSON.stringify(logger.lines)).not.toContain('hush-hush')
  })
})
