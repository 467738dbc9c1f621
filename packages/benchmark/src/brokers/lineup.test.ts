import { describe, expect, it } from 'vitest'
import { parseOptions } from '../options.ts'
import { chooseScenarios } from '../scenarios/index.ts'
import { chooseLineup, isOurs } from './lineup.ts'
import { nodeLineup } from './node.ts'
import { priceLineup } from './price.ts'

const silent = (): void => {}

describe('a lineup', () => {
  it('is of the brokers named and the peers given, each with a name of its own', () => {
    const options = parseOptions(['--only', 'relay,aedes', '--peer', 'b -a {port}', '--peer', 'b -b {port}'])
    const { name, brokers } = chooseLineup(options, [], silent)
    expect(name).toBe('peers')
    expect(brokers.map(({ name }) => name)).toEqual(['aedes', 'relay', 'b#1', 'b#2'])
  })

  it('names a broker that there is not, and one that a report cannot do without', () => {
    expect(() => chooseLineup(parseOptions(['--only', 'emqx']), [], silent)).toThrow('emqx')
    expect(() => chooseLineup(parseOptions(['--only', 'aedes', '--report']), [], silent)).toThrow(
      'mqtt-stack',
    )
  })

  it('of prices starts one program, the default stack first', () => {
    const listen = {
      transport: 'tcp',
      port: 7,
      nodePorts: [7],
      sparePort: 8,
      directory: '/d',
      cert: '',
      key: '',
    } as const
    const starts = priceLineup.map((broker) => broker.command(listen).args)
    expect(new Set(starts.map(([server]) => server)).size).toBe(1)
    expect(starts.map(([, ...args]) => args.join(' '))).toEqual([
      '7 default',
      '7 handle',
      '7 return',
      '7 next',
    ])
  })

  it('of Nodes runs the same program with each', () => {
    const listen = {
      transport: 'tcp',
      port: 7,
      nodePorts: [7],
      sparePort: 8,
      directory: '/d',
      cert: '',
      key: '',
    } as const
    const [one, other] = nodeLineup(process.execPath)
    expect(one.name).toBe(`node ${process.versions.node}`)
    expect(other.command(listen)).toEqual(one.command(listen))
    expect(() => nodeLineup('/nowhere/node')).toThrow('/nowhere/node')
  })

  it('of nodes is a comparison of its own', () => {
    const options = parseOptions(['cluster3', 'pair0'])
    const chosen = chooseScenarios(options.scenarios)
    expect(() => chooseLineup(options, chosen, silent)).toThrow('cluster1 and cluster3')
    const clusters = chooseScenarios(['cluster1', 'cluster3'])
    expect(chooseLineup(options, clusters, silent).name).toBe('cluster')
    expect(chooseScenarios(['all']).some(({ group }) => group === 'cluster3')).toBe(false)
  })

  it('knows who is ours', () => {
    expect([isOurs('peers', 'mqtt-stack'), isOurs('peers', 'aedes'), isOurs('price', 'default')]).toEqual([
      true,
      false,
      true,
    ])
  })
})
