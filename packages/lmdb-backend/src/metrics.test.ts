import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricFamily } from '@mqtt-stack/core'
import { expect, it, onTestFinished } from 'vitest'
import { listeningBroker } from '../../../test/rig/broker.ts'
import { LmdbBackend } from './index.ts'

it('commits are counted: how many, how large, how long, and what they wrote', async () => {
  const path = mkdtempSync(join(tmpdir(), 'lmdb-metrics-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const broker = await listeningBroker({ backend: new LmdbBackend({ path }) })
  const before = await broker.stack.call('lookupMetrics', {})
  await broker.publish('a', 'x'.repeat(1_000), { retain: true })
  const after = await broker.stack.call('lookupMetrics', {})
  const of = (families: MetricFamily[], name: string) =>
    families.find((family) => family.name === name)?.samples[0]
  const grown = (name: string): number =>
    (of(after, name)?.count ?? of(after, name)?.value ?? 0) -
    (of(before, name)?.count ?? of(before, name)?.value ?? 0)
  expect(grown('mqtt_store_commit_seconds')).toBe(1)
  expect(of(after, 'mqtt_store_commit_seconds')?.value).toBeGreaterThan(0)
  expect(grown('mqtt_store_written_bytes_total')).toBeGreaterThan(1_000)
  expect(grown('mqtt_retained_messages')).toBe(1)
  expect(of(after, 'mqtt_store_waiting_changes')?.value).toBe(0)
})
