/** What somebody refuses who does not know of lines. */
import { isStackError } from '@mqtt-stack/core'
import type { LoadedConfig } from './load-config.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import { ConfigError } from './problem.ts'

/** An error of who was made of a part, with the line that it names, or that of its option or of the part. */
export function problemAt({ parsed }: LoadedConfig, path: Path, error: Error): ConfigError {
  const { message } = error
  const name = nameOf(path)
  const found = /^\w+: ([^\s:]+:\d+): (.*)$/s.exec(message)
  if (found !== null) return new ConfigError([{ where: found[1], message: found[2] }], error)
  const option = isStackError(error) ? /option "([^"]+)"/.exec(message)?.[1] : undefined
  const where = parsed.atKey(option === undefined ? path : [...path, ...pathOf(option)])
  return new ConfigError(
    [{ where, message: message.startsWith(`${name}: `) ? message : `${name}: ${message}` }],
    error,
  )
}

/** `tokens[1].token`: an error of an option may say which part of it. */
function pathOf(option: string): Path {
  const parts = option.match(/[^.[\]]+/g) ?? [option]
  return parts.map((part, i) => (i > 0 && /^\d+$/.test(part) ? Number(part) : part))
}
