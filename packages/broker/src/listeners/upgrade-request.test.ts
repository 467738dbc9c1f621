import { expect, test } from 'vitest'
import { KeptRequest } from './upgrade-request.ts'

const cookiesOf = (cookie: string | undefined): [string, string][] => [
  ...new KeptRequest({ url: '/', headers: { cookie } }).cookies,
]

test.each<[string | undefined, [string, string][]]>([
  [undefined, []],
  ['', []],
  ['a=1', [['a', '1']]],
  [
    'a=1; b=2;c=3',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
  ],
  ['a=1; a=2', [['a', '1']]],
  ['a="x y"', [['a', 'x y']]],
  ['a=%C3%A4%20b', [['a', 'ä b']]],
  ['a=%zz', [['a', '%zz']]],
  ['a=b=c', [['a', 'b=c']]],
  ['a=', [['a', '']]],
  ['; =x; a; b=1', [['b', '1']]],
  [
    '__proto__=1; constructor=2',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  ],
])('the cookies of %j', (header, cookies) => {
  expect(cookiesOf(header)).toEqual(cookies)
})

test('cookies are read once, when somebody asks', () => {
  const request = new KeptRequest({ url: '/mqtt?x=1', headers: { cookie: 'a=1' } })
  expect(request.url).toBe('/mqtt?x=1')
  expect(request.cookies).toBe(request.cookies)
})
