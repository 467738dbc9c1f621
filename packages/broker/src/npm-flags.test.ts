import { describe, expect, test } from 'vitest'
import { checkNpmFlags } from './npm-flags.ts'

/** What npm 11 leaves behind of a command line. */
const START = { npm_lifecycle_event: 'start' }

describe('flags that npm kept for itself', () => {
  test.each([
    ['npm start --port 1884', ['1884'], { npm_config_port: 'true' }, 'npm start -- --port 1884'],
    ['npm start --port=1884', [], { npm_config_port: '1884' }, 'npm start -- --port 1884'],
    ['npm start --ws-port 9', ['9'], { npm_config_ws_port: 'true' }, 'npm start -- --ws-port 9'],
    ['npm start --no-ws', [], { npm_config_ws: '' }, 'npm start -- --no-ws'],
    [
      'npm start --allow-anonymous --host 0.0.0.0',
      ['0.0.0.0'],
      { npm_config_allow_anonymous: 'true', npm_config_host: 'true' },
      'npm start -- --host 0.0.0.0 --allow-anonymous',
    ],
    [
      'npm start --port 1 --host ::',
      ['1', '::'],
      { npm_config_host: 'true', npm_config_port: 'true' },
      'npm start -- --port <port> --host <address>',
    ],
  ])('%s is told how to say it', (_line, args, env, hint) => {
    const check = () => checkNpmFlags(args, { ...START, ...env })
    expect(check).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(check).toThrow(hint)
  })

  test('what npm has of its own, and what reaches us without npm, is no such flag', () => {
    expect(() => checkNpmFlags(['--port', '1884'], { ...START, npm_config_ca: 'x' })).not.toThrow()
    expect(() => checkNpmFlags([], { npm_config_port: '1884' })).not.toThrow()
    expect(() => checkNpmFlags(['1884'], START)).not.toThrow()
  })
})
