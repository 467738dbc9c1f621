import { describe, expect, it } from 'vitest'
import { roomProblems } from './room-rules.mjs'

const ROOMS = ['ground', 'first']

/** What is wrong with these files of core, by path from `src`. */
function problems(files: Record<string, string>): string[] {
  return roomProblems(new Map(Object.entries(files)), ROOMS).map((one) =>
    one.replace('packages/core/src/', ''),
  )
}

describe('the rooms of core', () => {
  it('import from those beneath them, through their index', () => {
    expect(
      problems({
        'index.ts': "export * from './first/a.ts'\n",
        'ground/a.ts': "import { b } from './b.ts'\n",
        'ground/b.ts': '',
        'ground/index.ts': "export { a } from './a.ts'\n",
        'first/a.ts': "import { a } from '../ground/index.ts'\n",
      }),
    ).toEqual([])
  })

  it('import from none above them, no type either', () => {
    expect(problems({ 'ground/a.ts': "import type { A } from '../first/index.ts'\n" })).toEqual([
      'ground/a.ts: ground may not import from first',
    ])
  })

  it('import no file past its room’s index', () => {
    expect(problems({ 'first/a.ts': "import { a } from '../ground/deep/a.ts'\n" })).toEqual([
      'first/a.ts: imports ground/deep/a.ts past ground/index.ts',
    ])
  })

  it('are all known', () => {
    expect(problems({ 'attic/a.ts': '', 'loose.ts': '' })).toEqual([
      'attic/a.ts: stands in no room that scripts/room-rules.mjs knows',
      'loose.ts: stands in no room',
    ])
  })

  it('hold no files that need each other to be loaded; types need nothing', () => {
    const needs = "import {\n  b,\n} from './b.ts'\n"
    expect(problems({ 'ground/a.ts': needs, 'ground/b.ts': "import { a } from './a.ts'\n" })).toEqual([
      'ground/a.ts -> ground/b.ts -> ground/a.ts: is a circle',
    ])
    expect(problems({ 'ground/a.ts': needs, 'ground/b.ts': "import type { A } from './a.ts'\n" })).toEqual([])
  })
})
