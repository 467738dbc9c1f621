import { describe, expect, test } from 'vitest'
import { AddressList, wrongEntry } from './address-list.ts'
import { plainAddress } from './plain-address.ts'

describe('a list of addresses', () => {
  test.each([
    ['10.0.0.1', ['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:0a00:0001'], ['10.0.0.2', '::1']],
    ['10.0.0.0/8', ['10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3'], ['11.0.0.0', '9.255.255.255']],
    ['10.9.9.9/8', ['10.0.0.1'], ['11.0.0.0']],
    ['0.0.0.0/0', ['1.2.3.4', '255.255.255.255'], ['::1']],
    ['127.0.0.1/32', ['127.0.0.1'], ['127.0.0.2']],
    ['2001:db8::1', ['2001:db8::1', '2001:0DB8:0:0::1'], ['2001:db8::2']],
    ['2001:db8::/32', ['2001:db8:ffff::', '2001:db8::1'], ['2001:db9::', '10.0.0.1']],
    ['::/0', ['::1', '2001:db8::1'], []],
    ['fe80::/10', ['fe80::1%eth0', 'fe80::1'], ['2001:db8::1']],
    ['::ffff:10.0.0.1', ['10.0.0.1'], ['10.0.0.2']],
  ])('%s', (entry, inside, outside) => {
    const list = new AddressList([entry])
    for (const address of inside) expect([address, list.has(address)]).toEqual([address, true])
    for (const address of outside) expect([address, list.has(address)]).toEqual([address, false])
  })

  test('what is no address is in none', () => {
    const list = new AddressList(['0.0.0.0/0', '::/0'])
    for (const text of [undefined, '', 'localhost', '10.0.0', '10.0.0.1:80', '[::1]', 'unknown'])
      expect(list.has(text)).toBe(false)
    expect(new AddressList([]).has('10.0.0.1')).toBe(false)
  })

  test('wrong entries are found', () => {
    const right = ['10.0.0.1', '10.0.0.0/8', '::1', '::/0', '::ffff:10.0.0.1']
    expect(wrongEntry(right)).toBeUndefined()
    const wrong = ['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/8 ']
    const wrong6 = ['::/129', 'fe80::1%eth0', '[::1]', '::ffff:10.0.0.0/104']
    for (const entry of [...wrong, ...wrong6, 1, null]) expect(wrongEntry([...right, entry])).toBe(entry)
  })
})

test('an address is written in one way', () => {
  expect(plainAddress('2001:0DB8:0000:0:0:0:0:0001')).toBe('2001:db8::1')
  expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(plainAddress('::ffff:0:0')).toBe('0.0.0.0')
  expect(plainAddress('::ffff:255.255.255.255')).toBe('255.255.255.255')
  expect(plainAddress('192.0.2.1')).toBe('192.0.2.1')
  for (const text of ['192.0.2.01', 'x', '::1%lo', ' ::1', '[::1]'])
    expect(plainAddress(text)).toBeUndefined()
})
