/** The provider of `--ca`: loaded by who uses it alone. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Load } from './config/load-section.ts'
import { makeSection } from './config/load-section.ts'
import { PROVIDERS } from './config/sections.ts'

/**
 * Lets in whoever has a certificate.
 * @param load Imports the package.
 * @throws StackError `OPTION_INVALID` where the package is not there, or cannot run here.
 */
export function openCertificateAuth(load?: Load): Promise<MiddlewareLike> {
  return makeSection(PROVIDERS.certificate, {}, load).catch((cause: Error) => {
    throw new StackError('OPTION_INVALID', `mqtt-stack: --ca ${cause.message}`, { cause })
  })
}
