import { describe, expect, it } from 'vitest'
import { masterIn, succeeds } from './succession.ts'

const master = (address: string, history: string, earlier = '0') => ({ address, history, earlier })

describe('A master', () => {
  it('is read from INFO', () => {
    const info = '# Replication\r\nrole:master\r\nmaster_replid:aa\r\nmaster_replid2:bb\r\n'
    expect(masterIn(info, 'h:1')).toEqual(master('h:1', 'aa', 'bb'))
    expect(masterIn(info.replace('master\r', 'slave\r'), 'h:1')).toBeUndefined()
    expect(masterIn('', 'h:1')).toBeUndefined()
  })

  it.each([
    ['the same', master('a', '1'), master('a', '1'), true],
    ['one that was started again', master('a', '2'), master('a', '1'), true],
    ['a replica that has taken over', master('b', '2', '1'), master('a', '1'), true],
    ['the same one by another name', master('b', '1'), master('a', '1'), true],
    ['one that comes back as a second one', master('a', '3'), master('b', '2', '1'), false],
    ['a replica that had nothing yet', master('b', '2'), master('a', '1'), false],
  ])('%s', (_, next, last, does) => {
    expect(succeeds(next, last)).toBe(does)
  })
})
