import { describe, expect, it } from 'vitest'
import { chaptersOf } from '../protocol/index.ts'
import { STANDARDS } from './standards.ts'

describe.each(STANDARDS)('MQTT $name', ({ version, ids, unseen }) => {
  const tests = chaptersOf(version).flatMap((chapter) => chapter.tests)
  const tested = new Set(tests.flatMap(({ statements }) => statements))

  it('has as many statements as the standard', () => {
    expect(ids).toHaveLength(version === 4 ? 124 : 249)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has a test, or one reason why there is none, for every statement', () => {
    const open = ids.filter((id) => !tested.has(id) && unseen[id] === undefined)
    expect(open).toEqual([])
  })

  it('explains no statement that has a test, and none that does not exist', () => {
    const needless = Object.keys(unseen).filter((id) => tested.has(id) || !ids.includes(id))
    expect(needless).toEqual([])
  })

  it('has no test for a statement that does not exist', () => {
    expect([...tested].filter((id) => !ids.includes(id))).toEqual([])
  })

  it('has no two tests of the same title in a chapter', () => {
    const titles = tests.map(({ chapter, title }) => `${chapter}: ${title}`)
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
  })
})
