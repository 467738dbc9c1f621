/** What options say of where Redis is. */
import { expect, it } from 'vitest'
import { open, thrown } from '../../../test/rig/redis/passing.ts'
import type { RedisOptions } from './options.ts'
import { RedisBackend } from './redis-backend.ts'
import { targetOf } from './target.ts'

const WRONG_OPTIONS: readonly (readonly [object, string])[] = [
  [{}, 'OPTION_MISSING RedisBackend: one of "url", "sentinels" and "cluster" is needed'],
  [
    { url: 'redis://h', cluster: ['h:1'] },
    'OPTION_INVALID RedisBackend: only one of "url", "sentinels" and "cluster" may be given',
  ],
  ...['localhost:6379', 'http://localhost', 'redis://', 'redis://:secret@h:99999', 'redis://h/x'].map(
    (url) =>
      [
        { url },
        'OPTION_INVALID RedisBackend: option "url" is no address of a Redis: write redis://host:6379, or rediss://host:6379 for TLS',
      ] as const,
  ),
  ...[['h'], [], 'h:1', ['h:1', 7]].map(
    (cluster) =>
      [
        { cluster },
        'OPTION_INVALID RedisBackend: option "cluster" is a list of addresses, each as host:port',
      ] as const,
  ),
  [
    { url: 'redis://h', node: 'a b' },
    'OPTION_INVALID RedisBackend: option "node" has up to 64 letters, digits, ".", "_" and "-"',
  ],
  [
    { url: 'redis://h', parent: 'a b' },
    'OPTION_INVALID RedisBackend: option "parent" has up to 64 letters, digits, ".", "_" and "-"',
  ],
  [
    { url: 'redis://h', prefix: '{x}' },
    'OPTION_INVALID RedisBackend: option "prefix" has up to 64 characters, without braces and spaces',
  ],
]

it.each(WRONG_OPTIONS)('%j are refused at once', async (options, message) => {
  const make = async (): Promise<unknown> => new RedisBackend(options as RedisOptions)
  expect(await thrown(undefined, make())).toBe(message)
})

it('a file that cannot be read is named', async () => {
  expect(await thrown(undefined, open({ url: 'redis://h', passwordFile: '/nowhere/x' }))).toBe(
    'STORE_UNUSABLE redis-backend: cannot read /nowhere/x (option "passwordFile"): there is no such file',
  )
})

it('a URL may have a user, a password, a database and an IPv6 address; errors have none of them', () => {
  const target = targetOf('x', { url: 'rediss://me:p%40ss@[::1]:6380/3' })
  expect(target).toMatchObject({
    addresses: [{ host: '::1', port: 6380 }],
    username: 'me',
    password: 'p@ss',
    db: 3,
    tls: {},
    label: 'rediss://::1:6380',
  })
})
