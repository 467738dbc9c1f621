/** What the tables of listeners cannot say of their options. */
import { StackError } from '@mqtt-stack/core'
import type { AlpnOptions, CertificateOptions, PortOptions } from './option-rows.ts'

/** The options of any listener, after defaults. */
type Given = Partial<PortOptions & CertificateOptions & AlpnOptions>

/**
 * Checks what depends on more than the kind of one option.
 * @param owner For messages, such as `tls listener`.
 * @throws StackError `OPTION_INVALID`, naming listener and option.
 */
export function checkListener(owner: string, config: Given): void {
  const { port, providers, alpn, minVersion, maxVersion } = config
  const invalid = (text: string): StackError => new StackError('OPTION_INVALID', `${owner}: ${text}`)
  if (port !== undefined && !Number.isInteger(port))
    throw invalid(`option "port" must be a whole number, not ${port}`)
  if (providers !== undefined && !isListOfText(providers))
    throw invalid(`option "providers" must be a list of names of middlewares, not ${show(providers)}`)
  if (alpn !== undefined && !isListOfText(alpn))
    throw invalid(`option "alpn" must be a list of protocol names, not ${show(alpn)}`)
  if (minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2')
    throw invalid('option "minVersion" (TLSv1.3) must not be above "maxVersion" (TLSv1.2)')
}

/** At least one text, and none of them empty. */
function isListOfText(value: unknown): value is readonly string[] {
  const isText = (one: unknown): boolean => typeof one === 'string' && one !== ''
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
