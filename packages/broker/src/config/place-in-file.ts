import { authority } from '../listeners/address.ts'
import { parseListenUrl } from '../listeners/listen-url.ts'
import { LISTENER_OPTIONS } from '../listeners/options.ts'
import type { LoadedConfig } from './load-config.ts'

/** The line of the listener that could not be opened; of one that the file does not name, the file. */
export function placeInFile({ value, parsed }: LoadedConfig, { message }: Error): string {
  const found = (value.listeners ?? []).findIndex(({ listen }) => {
    const { transport, host = '', port, path } = parseListenUrl(listen)
    if (transport === 'unix') return message.startsWith(`unix listener: ${path} `)
    const usual = LISTENER_OPTIONS[transport].port.default as number
    return message.startsWith(`${transport} listener: ${authority(host, port ?? usual)} `)
  })
  return found === -1 ? parsed.file : parsed.at(['listeners', found, 'listen'])
}
