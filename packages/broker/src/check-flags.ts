/** Flags that want each other, or exclude each other. */
import type { CliConfig } from './cli-options.ts'
import { invalid, missing } from './flag-errors.ts'
import { parseListenUrl } from './listeners/listen-url.ts'

/** @throws StackError `OPTION_MISSING` or `OPTION_INVALID`, naming the flags. */
export function checkTogether(config: CliConfig, given: object): void {
  const { cert, key, ca, crl } = config
  if (cert !== '' && key === '') throw missing('--cert needs --key, the certificate’s private key')
  if (key !== '' && cert === '') throw missing('--key needs --cert, the key’s certificate')
  if (ca !== '' && cert === '') throw missing('--ca needs --cert and --key: only TLS has client certificates')
  if (crl !== '' && ca === '') throw missing('--crl needs --ca, the authorities whose lists they are')
  checkStore(config, given)
  const other = ['port', 'host', 'ws-port', 'no-ws', 'unix'].find((name) => name in given)
  if (config.listen.length > 0 && other !== undefined)
    throw invalid(`--listen and --${other} exclude each other: name every address by --listen`)
  checkListen(config)
  if (config['no-ws'] && 'ws-port' in given)
    throw invalid('--no-ws and --ws-port exclude each other: leave one out')
  if (config.verbose && 'log-level' in given)
    throw invalid('--verbose and --log-level exclude each other: leave one out')
}

function checkStore({ data, redis, config, workers }: CliConfig, given: object): void {
  if (data === '' && 'sync' in given) throw missing('--sync needs --data: nothing is kept without it')
  if (data !== '' && redis !== '') throw invalid('--data and --redis exclude each other: leave one out')
  if (redis === '' && 'node' in given) throw missing('--node needs --redis: nobody else is there without it')
  if (redis === '' && config === '' && workers > 1)
    throw missing('--workers needs --redis: processes that share no store are brokers of their own')
}

function checkListen({ listen, cert }: CliConfig): void {
  const transports = listen.map((url) => {
    try {
      return parseListenUrl(url).transport
    } catch (error) {
      throw invalid(`--listen: ${(error as Error).message}`)
    }
  })
  const secure = transports.some((transport) => transport === 'tls' || transport === 'wss')
  if (secure && cert === '') throw missing('--listen mqtts:// and wss:// need --cert and --key')
  if (listen.length > 0 && !secure && cert !== '')
    throw invalid('--cert needs a --listen that is secure: mqtts:// or wss://')
}
