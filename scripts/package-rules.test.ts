import { describe, expect, it } from 'vitest'
import {
  classesAskedIn,
  dependencyProblems,
  importsOf,
  rangeProblems,
  reasonProblems,
} from './package-rules.mjs'
import { roleOf } from './workspace.mjs'

/** A package as the rules see it; `fields` go into its manifest. */
function pkg(folder: string, fields: object = {}) {
  const manifest = { name: `@mqtt-stack/${folder}`, version: '0.1.0', description: 'A package.', ...fields }
  return { folder, dir: `/packages/${folder}`, role: roleOf(folder, manifest), manifest }
}

const peer = { peerDependencies: { '@mqtt-stack/core': '>=0.1.0 <1' } }

describe('dependency rule', () => {
  it('lets a built-in have core as a peer and nothing else of ours', () => {
    const keepalive = pkg('keepalive', { ...peer, devDependencies: { '@mqtt-stack/core': 'workspace:^' } })
    expect(dependencyProblems([pkg('core'), keepalive])).toEqual([])
    const dependent = pkg('lastwill', { ...peer, dependencies: { '@mqtt-stack/keepalive': 'workspace:^' } })
    expect(dependencyProblems([pkg('core'), pkg('keepalive', peer), dependent])).toHaveLength(1)
  })

  it('refuses core as a plain dependency', () => {
    const copy = pkg('keepalive', { dependencies: { '@mqtt-stack/core': 'workspace:^' } })
    expect(dependencyProblems([pkg('core'), copy])).toHaveLength(1)
  })

  it('keeps broker out of testing and conformance', () => {
    const conformance = pkg('conformance', { ...peer, dependencies: { '@mqtt-stack/broker': 'workspace:^' } })
    expect(dependencyProblems([pkg('core'), pkg('broker'), conformance])).toHaveLength(1)
  })

  it('keeps core free of all others', () => {
    const core = pkg('core', { devDependencies: { '@mqtt-stack/testing': 'workspace:^' } })
    expect(dependencyProblems([core, pkg('testing', peer)])).toHaveLength(1)
  })
})

it('every outside dependency of a published package has a reason', () => {
  const page = '| [`ws`](https://example.org) | broker | WebSocket |\n'
  const broker = pkg('broker', { dependencies: { ws: '^8.0.0', '@mqtt-stack/core': 'workspace:^' } })
  expect(reasonProblems([broker], page)).toEqual([])
  const more = pkg('broker', { optionalDependencies: { yaml: '^2.0.0' } })
  expect(reasonProblems([more], page)).toEqual(['packages/broker: docs/dependencies.md says nothing of yaml'])
  expect(reasonProblems([pkg('fuzz', { private: true, dependencies: { yaml: '^2.0.0' } })], page)).toEqual([])
})

it('a class of core is not asked for by instanceof', () => {
  const text =
    "import { isStackError, StackError } from '@mqtt-stack/core'\nimport { Mine } from './mine.ts'\n"
  expect(classesAskedIn(`${text}if (error instanceof StackError) throw error`)).toEqual(['StackError'])
  expect(classesAskedIn(`${text}if (error instanceof Mine || isStackError(error)) throw error`)).toEqual([])
})

describe('ranges', () => {
  const none = { devDependencies: {} }

  it('holds core inside the peer range', () => {
    expect(rangeProblems([pkg('core'), pkg('keepalive', peer)], none)).toEqual([])
    expect(rangeProblems([pkg('core', { version: '0.12.3' }), pkg('keepalive', peer)], none)).toEqual([])
    expect(rangeProblems([pkg('core', { version: '1.0.0' }), pkg('keepalive', peer)], none)).toHaveLength(1)
  })

  it('wants one range for one outside library, and exact tools', () => {
    const a = pkg('core', { dependencies: { ws: '^8.0.0' } })
    const b = pkg('broker', { dependencies: { ws: '^8.1.0' } })
    expect(rangeProblems([a, b], none)).toHaveLength(1)
    expect(rangeProblems([], { devDependencies: { turbo: '^2.0.0' } })).toHaveLength(1)
  })
})

describe('imports of a source file', () => {
  it('finds every form and skips comments', () => {
    const text = [
      "import { a } from '@mqtt-stack/core'",
      "import type { B } from './b.ts'",
      'import {',
      '  c,',
      "} from 'ws'",
      "import 'side-effect'",
      "export * from './d.ts'",
      "const e = await import('pino')",
      " * import { x } from 'not-this'",
      "// import { y } from 'nor-this'",
    ].join('\n')
    expect(importsOf(text)).toEqual(['@mqtt-stack/core', './b.ts', 'ws', 'side-effect', './d.ts', 'pino'])
  })
})
