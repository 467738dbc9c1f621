/** The board of deploy/grafana asks for nothing that is not there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricFamily } from '@mqtt-stack/core'
import { Histogram } from '@mqtt-stack/core'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { spawned } from '../../../test/support/spawned.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Board {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly query: string }[] }
}

const path = new URL('../../../deploy/grafana/mqtt-stack.json', import.meta.url)
const board: Board = JSON.parse(readFileSync(path, 'utf8'))
const queries = board.panels.flatMap(({ targets = [] }) => targets)
const exprs = [...queries.map(({ expr }) => expr), ...board.templating.list.map(({ query }) => query)]
/** What Prometheus adds itself. */
const GIVEN = new Set(['le', 'instance', 'job'])

/** Of a broker that keeps things in a store; of Redis as redis-backend says it. */
async function exposed(): Promise<readonly MetricFamily[]> {
  const backend = new StoredBackend({}, new MemoryStore())
  const { client, families } = metered({}, { backend })
  const one = await client()
  await one.subscribe('a', { qos: 1 })
  await one.publish('a', 'x', { qos: 1 })
  await one.drop()
  const redis = new Histogram().family('mqtt_redis_roundtrip_seconds', '')
  return [...(await families()), redis]
}

/** All names of series, with the labels that their samples have. */
function seriesOf(families: readonly MetricFamily[]): Map<string, Set<string>> {
  return new Map(
    families.flatMap(({ name, type, samples }) => {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)))
      const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name]
      return names.map((one) => [one, labels] as const)
    }),
  )
}

describe('the board', () => {
  it('asks for series that are exposed, and for most that there are', async () => {
    const known = seriesOf(await exposed())
    const asked = new Set(exprs.flatMap((expr) => expr.match(/\b(?:mqtt|process|nodejs)_\w+/g) ?? []))
    expect([...asked].filter((name) => !known.has(name))).toEqual([])
    const unseen = [...known.keys()].filter((name) => !asked.has(name) && !/_(sum|count|bucket)$/.test(name))
    expect(unseen).toEqual([])
  })

  it('groups and names by labels that these have', async () => {
    const known = seriesOf(await exposed())
    // Nobody was refused, and nothing dropped, in this test.
    const labels = new Set([...GIVEN, 'reason', 'kind', ...[...known.values()].flatMap((one) => [...one])])
    const used = queries.flatMap(({ expr, legendFormat }) => [
      ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list.split(/,\s*/)),
      ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label),
    ])
    expect(used.filter((label) => !labels.has(label))).toEqual([])
  })

  it('has each panel in a place of its own', () => {
    const places = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(places).size).toBe(places.length)
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length)
  })

  it('has queries that Prometheus can read', async (context) => {
    needs(context, 'promtool')
    const rules = queries.map(({ expr }, i) => {
      const plain = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*')
      return `  - record: board:query_${i}\n    expr: ${JSON.stringify(plain)}\n`
    })
    const folder = mkdtempSync(join(tmpdir(), 'board-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'board.yaml')
    writeFileSync(file, `groups:\n- name: board\n  rules:\n${rules.join('')}`)
    const promtool = spawned(programPath('promtool') as string, ['check', 'rules', '--lint=none', file])
    expect([await promtool.exited, promtool.stderr]).toEqual([0, ''])
    expect(promtool.stdout).toContain(`${rules.length} rules found`)
  })
})
