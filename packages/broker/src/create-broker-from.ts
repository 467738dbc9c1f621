/** A broker of a configuration file, in a program. */
import type { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'

/**
 * Makes the broker that a configuration describes, YAML or JSON. Nothing is opened before `listen()`, and `reload()`
 * reads the file again.
 *
 *     const broker = await createBrokerFrom('broker.yaml', { stack: { logger } })
 *     await broker.listen()
 *
 * @param options Win over the file; those of `stack` one by one.
 * @throws StackError `CONFIG_INVALID` with the line of what is wrong.
 */
export async function createBrokerFrom(file: string, options: BrokerOptions = {}): Promise<Broker> {
  const { loadConfig } = await import('./config/load-config.ts')
  const { configuredBroker } = await import('./config/configured.ts')
  const config = await loadConfig(file)
  const stack = { ...config.value.stack, ...options.stack }
  return configuredBroker(config, { options: { ...options, stack }, attaches: true })
}
