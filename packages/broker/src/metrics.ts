/** Metrics, where somebody wants them: their package is loaded by who does alone. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { ofWorker } from './admin.ts'
import type { MetricsChoice } from './broker-options.ts'
import { METRICS } from './config/sections.ts'
import { lateMiddleware } from './late-middleware.ts'
import type { Place, Placed } from './order.ts'
import { version } from './version.ts'

/** It sees each connection before anybody takes it. */
const BEFORE: Place = 'packetEmitter'

/** @throws StackError `OPTION_INVALID` for what is neither options nor a middleware. */
export function metricsOf(choice: MetricsChoice): readonly Placed[] {
  if (choice === false) return []
  if (choice === true) return [placed(late({}))]
  if (typeof choice !== 'object' || choice === null) {
    const wanted = 'options of metrics, a middleware, true or false'
    throw new StackError(
      'OPTION_INVALID',
      `createBroker: option "metrics" must be ${wanted}, not ${String(choice)}`,
    )
  }
  return [placed('name' in choice ? (choice as MiddlewareLike) : late(choice))]
}

/** What the package cannot know: who this is, and which of several workers. */
export function metricsOptions(options: object): object {
  return ofWorker({ version: `mqtt-stack version ${version()}`, listen: '', ...options })
}

function placed(middleware: MiddlewareLike): Placed {
  return { middleware, before: BEFORE }
}

function late(options: object): MiddlewareLike {
  return lateMiddleware(METRICS.class, () => makeMetrics(options))
}

/**
 * @param asked Who asks for it, for the error.
 * @throws StackError `OPTION_INVALID` where the package is not there, or refuses the options.
 */
export async function makeMetrics(
  options: object,
  asked: string = 'createBroker: option "metrics"',
): Promise<MiddlewareLike> {
  const { Metrics } = await import('@mqtt-stack/metrics').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ERR_MODULE_NOT_FOUND'
    const why = missing
      ? `is not installed: npm install ${METRICS.package}`
      : `cannot be loaded here: ${cause.message}`
    throw new StackError('OPTION_INVALID', `${asked} needs ${METRICS.package}, which ${why}`, { cause })
  })
  return new Metrics(metricsOptions(options))
}
