import { describe, expect, test } from 'vitest'
import type { HttpAuthOptions } from './index.ts'
import { HttpAuth } from './index.ts'

function complaint(options: unknown): string {
  try {
    new HttpAuth(options as HttpAuthOptions)
  } catch (error) {
    expect(error).toMatchObject({ name: 'StackError' })
    return (error as Error).message
  }
  throw new Error('nothing was wrong')
}

const authenticate = 'https://auth.example/connect'

describe('wrong options', () => {
  test.each<[string, unknown, string]>([
    ['none', undefined, 'give at least one of the options "authenticate" and "authorize"'],
    [
      'no URL',
      { authenticate: 'auth.example' },
      'option "authenticate" must be a URL that begins with https://',
    ],
    [
      'another protocol',
      { authorize: 'ftp://auth.example' },
      'option "authorize" must be a URL that begins with https://',
    ],
    [
      'no TLS',
      { authenticate: 'http://auth.example/connect' },
      'option "authenticate" begins with http://, so that whoever sits between reads passwords: use https://, or say "allowHttp"',
    ],
    [
      'a password in the URL',
      { authenticate: 'https://a:b@auth.example/connect' },
      'option "authenticate" must not hold a user name or password: use "token" or "headers"',
    ],
    [
      'a token with a line end',
      { authenticate, token: 'a\r\nx: 1' },
      'option "token" must not be empty, or have line ends and other control characters',
    ],
    [
      'an empty token',
      { authenticate, token: '' },
      'option "token" must not be empty, or have line ends and other control characters',
    ],
    [
      'headers that are none',
      { authenticate, headers: ['a'] },
      'option "headers" must be an object of header names and values',
    ],
    [
      'a header’s name',
      { authenticate, headers: { 'a b': 'x' } },
      'option "headers" has "a b", which is no header',
    ],
    [
      'a header’s value',
      { authenticate, headers: { a: 'x\ny' } },
      'option "headers" has "a", which is no header',
    ],
    [
      'a number as value',
      { authenticate, headers: { a: 7 } },
      'option "headers" has "a", which is no header',
    ],
    ['a header of ours', { authenticate, headers: { Host: 'x' } }, 'option "headers" must not set "Host"'],
    [
      'a time-out',
      { authenticate, timeout: 60_000 },
      'option "timeout" must be a number from 1 to 5000 (ms), not 60000',
    ],
    [
      'an option that is none',
      { url: authenticate },
      'unknown option "url" (known: authenticate, authorize, token, headers, allowHttp, caFile, timeout, retries, concurrency, waiting, failures, cooldown, cacheTime, cacheRefusalTime, cacheEntries)',
    ],
  ])('%s', (_what, options, message) => {
    expect(complaint(options)).toBe(`HttpAuth: ${message}`)
  })

  test.each(['http://127.0.0.1:8080/a', 'http://[::1]/a', 'http://localhost/a'])('%s needs no TLS', (url) => {
    expect(new HttpAuth({ authenticate: url }).name).toBe('HttpAuth')
  })

  test('http:// may be allowed', () => {
    expect(new HttpAuth({ authorize: 'http://auth:8080/a', allowHttp: true }).name).toBe('HttpAuth')
  })

  test('who is not asked one of the questions does not answer it', () => {
    const who = new HttpAuth({ authenticate })
    const what = new HttpAuth({ authorize: authenticate })
    expect([who.authorizePacket, what.authenticateConnection]).toEqual([undefined, undefined])
  })
})
