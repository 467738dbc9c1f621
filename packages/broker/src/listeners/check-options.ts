/** What the tables of listeners cannot say of their options. */
import { StackError } from '@mqtt-stack/core'
import { wrongEntry } from './address-list.ts'
import { wrongCertificate } from './check-certificates.ts'
import { isListOfText, show } from './check-values.ts'
import type { AlpnOptions, CertificateOptions, PortOptions, UpgradeOptions } from './option-rows.ts'
import { wrongOrigin } from './origins.ts'

/** The options of any listener, after defaults. */
type Given = Partial<PortOptions & CertificateOptions & AlpnOptions & UpgradeOptions>

/**
 * Checks what depends on more than the kind of one option.
 * @param owner For messages, such as `tls listener`.
 * @throws StackError `OPTION_INVALID`, naming listener and option.
 */
export function checkListener(owner: string, config: Given): void {
  const { port, proxy, providers, limits, alpn, minVersion, maxVersion } = config
  const invalid = (text: string): StackError => new StackError('OPTION_INVALID', `${owner}: ${text}`)
  const wrong = wrongCertificate(config)
  if (wrong !== undefined) throw invalid(wrong)
  if (port !== undefined && !Number.isInteger(port))
    throw invalid(`option "port" must be a whole number, not ${port}`)
  if (providers !== undefined && !isListOfText(providers))
    throw invalid(`option "providers" must be a list of names of middlewares, not ${show(providers)}`)
  if (limits !== undefined && (typeof limits !== 'object' || limits === null || Array.isArray(limits)))
    throw invalid(
      `option "limits" must be options of rate-limit, as { connections: 100 }, not ${show(limits)}`,
    )
  if (alpn !== undefined && !isListOfText(alpn))
    throw invalid(`option "alpn" must be a list of protocol names, not ${show(alpn)}`)
  checkProxies('proxy', proxy, invalid)
  checkProxies('forwardedFor', config.forwardedFor, invalid)
  checkOrigins(config.origins, invalid)
  if (minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2')
    throw invalid('option "minVersion" (TLSv1.3) must not be above "maxVersion" (TLSv1.2)')
}

/** `{ from: [...] }` with addresses and networks, at least one. */
function checkProxies(option: string, value: unknown, invalid: (text: string) => StackError): void {
  if (value === undefined) return
  const { from, ...others } = (value ?? {}) as { from?: unknown }
  if (!Array.isArray(from) || from.length === 0 || Object.keys(others).length > 0)
    throw invalid(`option "${option}" must be { from: [addresses and networks] }, not ${show(value)}`)
  const wrong = wrongEntry(from)
  if (wrong !== undefined) {
    const fix = 'write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32'
    throw invalid(`option "${option}" has ${show(wrong)}, which is no address and no network: ${fix}`)
  }
}

function checkOrigins(origins: unknown, invalid: (text: string) => StackError): void {
  if (origins === undefined || origins === '*') return
  if (!Array.isArray(origins))
    throw invalid(`option "origins" must be a list of origins, or *, not ${show(origins)}`)
  const wrong = wrongOrigin(origins)
  if (wrong === undefined) return
  const fix = `write it as ${wrong.right ?? 'https://app.example.com'}, or * for all`
  throw invalid(`option "origins" has ${show(wrong.entry)}, which is no origin: ${fix}`)
}
