import { describe, expect, it } from 'vitest'
import { createTally } from '../load/sequence.ts'
import { chooseScenarios } from '../scenarios/index.ts'
import type { Row } from '../series.ts'
import { chart } from './chart.ts'

function row(name: string, values: Record<string, number>): Row {
  const [scenario] = chooseScenarios([name])
  const columns = [{ broker: 'a & b', rounds: [{ values, tally: createTally() }] }]
  return { lineup: 'peers', scenario, subject: 'a & b', columns }
}

describe('the chart', () => {
  it('has a title, a legend and a bar for each rate, and none for times', () => {
    const svg = chart([row('pair0', { rate: 1200 }), row('latency', { p50: 3, p99: 4, 'p99.9': 5 })])
    expect(svg).toContain('<title>')
    expect(svg).toContain('>a &amp; b</text>')
    expect(svg).toContain('>1,200 messages/s</text>')
    expect(svg).not.toContain('latency')
  })
})
