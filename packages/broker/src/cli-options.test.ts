import { describe, expect, test } from 'vitest'
import { CLI_FLAGS, helpText, parseFlags } from './cli-options.ts'

describe('flags', () => {
  test('have defaults', () => {
    expect(parseFlags([])).toEqual({
      config: '',
      listen: [],
      port: 1883,
      host: '127.0.0.1',
      'ws-port': 8083,
      'no-ws': false,
      unix: '',
      data: '',
      sync: 'commit',
      redis: '',
      node: '',
      workers: 1,
      admin: '',
      metrics: '',
      cert: '',
      key: '',
      ca: '',
      crl: '',
      'allow-anonymous': false,
      'log-level': 'info',
      'log-format': 'auto',
      verbose: false,
      help: false,
      version: false,
    })
  })

  test('are read in all their forms', () => {
    expect(parseFlags(['--port', '0', '--host=::', '-v', '--no-ws', '--unix', '/tmp/a b'])).toMatchObject({
      port: 0,
      host: '::',
      verbose: true,
      'no-ws': true,
      unix: '/tmp/a b',
    })
    expect(parseFlags(['-p', '1884', '--cert', 'c', '--key', 'k', '--ca', 'a'])).toMatchObject({
      port: 1884,
      cert: 'c',
      key: 'k',
      ca: 'a',
    })
    expect(parseFlags(['-h'])).toMatchObject({ help: true })
  })

  test('--listen may be repeated', () => {
    const args = ['--listen', 'mqtt://127.0.0.1:0', '--listen=unix:/run/mqtt.sock']
    expect(parseFlags(args)).toMatchObject({ listen: ['mqtt://127.0.0.1:0', 'unix:/run/mqtt.sock'] })
  })

  test('the last one counts', () => {
    expect(parseFlags(['--port', '1', '--port', '2'])).toMatchObject({ port: 2 })
  })

  test.each([
    ['OPTION_UNKNOWN', ['--prot', '1'], /--prot.*--help/],
    ['OPTION_UNKNOWN', ['-x'], /-x/],
    ['OPTION_UNKNOWN', ['1883'], /"1883"/],
    ['OPTION_UNKNOWN', ['--', '--port'], /"--port"/],
    ['OPTION_INVALID', ['--port', 'abc'], /"port".*0 to 65535.*"abc"/],
    ['OPTION_INVALID', ['--port', '65536'], /"port".*65536/],
    ['OPTION_INVALID', ['--port=-1'], /"port".*"-1"/],
    ['OPTION_INVALID', ['--port', '1e3'], /"port".*"1e3"/],
    ['OPTION_INVALID', ['--ws-port', '80.5'], /"ws-port"/],
    ['OPTION_INVALID', ['--port'], /--port.*value/],
    ['OPTION_INVALID', ['--host', '--verbose'], /--host.*value/],
    ['OPTION_INVALID', ['--unix='], /--unix.*value/],
    ['OPTION_INVALID', ['--verbose=yes'], /--verbose.*no value/],
    ['OPTION_INVALID', ['--no-ws', '--ws-port', '1'], /--no-ws.*--ws-port/],
    ['OPTION_INVALID', ['--log-level', 'loud'], /"log-level".*"error", "warn", "info", "debug".*"loud"/],
    ['OPTION_INVALID', ['-v', '--log-level', 'info'], /--verbose.*--log-level/],
    ['OPTION_INVALID', ['--listen', 'http://a'], /--listen: "http:\/\/a" is no address: write mqtt, mqtts/],
    ['OPTION_INVALID', ['--listen', 'mqtt://a', '--port', '1'], /--listen and --port exclude each other/],
    ['OPTION_MISSING', ['--listen', 'mqtts://a'], /--listen mqtts:\/\/ and wss:\/\/ need --cert and --key/],
    [
      'OPTION_INVALID',
      ['--listen', 'mqtt://a', '--cert', 'c', '--key', 'k'],
      /--cert needs a --listen that is secure/,
    ],
    ['OPTION_MISSING', ['--cert', 'c'], /--cert.*--key/],
    ['OPTION_MISSING', ['--key', 'k'], /--key.*--cert/],
    ['OPTION_MISSING', ['--sync', 'interval'], /--sync needs --data/],
    ['OPTION_MISSING', ['--ca', 'a'], /--ca.*--cert/],
    ['OPTION_MISSING', ['--cert', 'c', '--key', 'k', '--crl', 'l'], /--crl needs --ca/],
  ])('%s: %j', (code, args, message) => {
    expect(() => parseFlags(args)).toThrow(message)
    expect(() => parseFlags(args)).toThrow(expect.objectContaining({ code }))
    expect(() => parseFlags(args)).not.toThrow('\n')
  })
})

test('help has a line for every flag', () => {
  for (const flag of Object.keys(CLI_FLAGS)) expect(helpText()).toMatch(new RegExp(`^.*--${flag}\\b.+$`, 'm'))
})

test.each([
  ['broker.yaml', 'mqtt-stack: unknown argument "broker.yaml" (to run it: mqtt-stack --config broker.yaml)'],
  ['chek', 'mqtt-stack: unknown argument "chek" (did you mean "check"?)'],
])('%s', (argument, message) => {
  expect(() => parseFlags([argument])).toThrow(message)
})
