/** The middlewares that a listener names as those who are asked who its clients are. */
import type { MiddlewareLike, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'

/**
 * Whoever is named must be there: otherwise nobody would be let in, and nobody told why.
 * @param owner For messages, such as `tls listener`.
 * @throws StackError `OPTION_INVALID`, naming the listener and what there is.
 */
export function checkProviders(
  { middlewares }: Stack,
  owner: string,
  providers: readonly string[] = [],
): void {
  const known = middlewares.filter(isProvider).map(({ name }) => name)
  const unknown = providers.find((name) => !known.includes(name))
  if (unknown === undefined) return
  const text = `names "${unknown}", and no middleware of that name says who clients are`
  throw new StackError(
    'OPTION_INVALID',
    `${owner}: option "providers" ${text} (known: ${known.join(', ') || 'none'})`,
  )
}

/** Whether it says who clients are. */
export function isProvider(one: MiddlewareLike): boolean {
  return one.authenticateConnection !== undefined || one.authenticateExchange !== undefined
}
