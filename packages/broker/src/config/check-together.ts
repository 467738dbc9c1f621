/** Whether the middlewares of a configuration fit together. */
import type { MiddlewareLike, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { makeListener } from '../listeners/make-listener.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import { resolveListener } from '../listeners/options.ts'
import { tryAt } from './broker-options-of.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Path } from './parsed.ts'
import { problemAt } from './problem-at.ts'

/**
 * As a start would look at them; nothing is opened.
 * @param own The middlewares of `use`: what is wrong with one is told with its line.
 * @throws ConfigError in one line: who answers what is left out.
 */
export function checkTogether(config: LoadedConfig, stack: Stack, own: readonly MiddlewareLike[]): void {
  try {
    stack.check()
  } catch (error) {
    const { code, message } = error as StackError
    const [line] = message.split('\n')
    const found = own.findIndex(({ name }) => line.startsWith(`${name} `))
    const nobody = line.startsWith('Authentication requires "authenticateConnection"')
    const text = nobody ? NOBODY : line
    const path: Path = nobody ? ['auth'] : found === -1 ? placeOf(config) : ['use', found]
    throw problemAt(config, path, new StackError(code, text, { cause: error }))
  }
}

const NOBODY =
  'nobody says who clients are, so nobody could connect: add a provider, or write "anonymous: local"'

/** Of a place that was left out, the line that says so. */
function placeOf({ value }: LoadedConfig): Path {
  const [off] = Object.entries(value).find(([, one]) => one === false) ?? []
  return off === undefined ? [] : [off]
}

/**
 * Makes each listener and opens none: certificates, keys and authorities are read.
 * @throws ConfigError with the line of one that cannot be made.
 */
export async function tryListeners(
  config: LoadedConfig,
  listeners: readonly ListenerOptions[] = [],
  stack: Stack,
): Promise<void> {
  for (const [i, one] of listeners.entries())
    await tryAt(config, ['listeners', i], () => makeListener(resolveListener(one), stack)).close()
}
