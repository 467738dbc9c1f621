import type { Stack } from '@mqtt-stack/core'
import { withoutSecrets } from '@mqtt-stack/core'
import type { Address } from './listeners/address.ts'
import type { ListenerConfig } from './listeners/options.ts'

/** An open listener. */
interface Open {
  readonly config: ListenerConfig
  readonly address: Address
}

/** What holds: of the listeners that are open, of the stack, and of each middleware in its place. In values of JSON, without secrets. */
export function configurationOf(stack: Stack, open: readonly Open[]): Readonly<Record<string, unknown>> {
  const middlewares = stack.middlewares.map((one) => {
    const { config, table } = one as { readonly config?: unknown; readonly table?: unknown }
    return { name: one.name, options: withoutSecrets(config, table) }
  })
  const listeners = open.map(({ config, address }) => ({
    ...(withoutSecrets(config) as object),
    url: address.url,
  }))
  return { listeners, stack: withoutSecrets(stack.config), middlewares }
}
