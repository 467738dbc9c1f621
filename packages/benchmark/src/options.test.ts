import { describe, expect, it } from 'vitest'
import { commandBroker } from './brokers/command.ts'
import { parseOptions } from './options.ts'
import { chooseScenarios } from './scenarios/index.ts'

describe('options', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toMatchObject({ scenarios: [], peers: [], runs: 3, seconds: 3, warmup: 2 })
  })

  it('take scenarios and peers in any order', () => {
    const options = parseOptions(['pair0', '--peer', 'a {port}', 'many', '--peer', 'b {port}', '--runs', '5'])
    expect(options).toMatchObject({ scenarios: ['pair0', 'many'], peers: ['a {port}', 'b {port}'], runs: 5 })
  })

  it('report on all scenarios unless some are named', () => {
    expect(parseOptions(['--report']).scenarios).toEqual(['all'])
    expect(parseOptions(['--report', 'pair0']).scenarios).toEqual(['pair0'])
  })

  it('compare mqtt-stack with itself, and then with nobody else', () => {
    expect(parseOptions(['--price', '--report'])).toMatchObject({
      price: true,
      scenarios: ['pair0', 'pair1'],
    })
    expect(parseOptions(['--node', '/n', '--report'])).toMatchObject({ node: '/n', scenarios: [] })
    expect(parseOptions(['--price', 'pair2']).scenarios).toEqual(['pair2'])
    expect(() => parseOptions(['--price', '--node', '/n'])).toThrow('one at a time')
    expect(() => parseOptions(['--price', '--durable'])).toThrow('one at a time')
    expect(parseOptions(['--durable']).scenarios).toEqual(['stored1'])
    expect(() => parseOptions(['--price', '--only', 'aedes'])).toThrow('--price')
  })

  it.each([
    ['--runs', '0'],
    ['--runs', '1.5'],
    ['--seconds', 'x'],
    ['--warmup', '-1'],
  ])('that are out of range are named: %s %s', (flag, value) => {
    expect(() => parseOptions([`${flag}=${value}`])).toThrow(flag)
  })
})

describe('scenarios', () => {
  it('are chosen by name and group, each once', () => {
    expect(chooseScenarios([]).map(({ name }) => name)).toEqual(['pair0', 'pair1', 'fanout0'])
    expect(chooseScenarios(['growth', 'growth10', 'tls']).map(({ name }) => name)).toEqual([
      'tls',
      'growth10',
      'growth100',
      'growth1000',
      'growth10000',
    ])
  })

  it('have names of their own', () => {
    const names = chooseScenarios(['all']).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('that are unknown are named', () => {
    expect(() => chooseScenarios(['pair9'])).toThrow('pair9')
  })
})

describe('a peer by command', () => {
  const listen = {
    port: 1,
    nodePorts: [1],
    sparePort: 2,
    directory: '/d',
    cert: '/d/cert.pem',
    key: '/d/key.pem',
  }

  it('is told its port and named by its script or program', () => {
    const peer = commandBroker('node some/where/broker.mjs --port {port}')
    expect(peer.name).toBe('broker.mjs')
    expect(peer.command({ ...listen, transport: 'tcp' }).args).toEqual([
      '-c',
      'exec node some/where/broker.mjs --port 1',
    ])
    expect(commandBroker('/usr/bin/flashmq -p {port}').name).toBe('flashmq')
  })

  it('gets the port of the run where its WebSocket is', () => {
    const peer = commandBroker('b {port} {ws-port}')
    expect(peer.features.has('ws')).toBe(true)
    expect(peer.command({ ...listen, transport: 'ws' }).args[1]).toBe('exec b 2 1')
  })

  it('must say where its port goes', () => {
    expect(() => commandBroker('flashmq')).toThrow('{port}')
  })
})
