/** What a configuration is, once it has been held against its schema. */
import type { AllowAnonymous } from '../anonymous.ts'
import type { LogOptions } from '../log-options.ts'
import type { Place } from '../order.ts'
import type { ProviderName } from './sections.ts'

/** Options of somebody; who it is checks them once more. */
export type Options = Readonly<Record<string, unknown>>

export interface ListenerValue extends Options {
  /** `mqtts://0.0.0.0:8883`. */
  readonly listen: string
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly providers?: readonly string[]
  readonly limits?: Options
  readonly name?: string
  readonly rules?: readonly Options[]
}

export type AuthValue = Readonly<Partial<Record<ProviderName, Options>>> & {
  readonly anonymous?: AllowAnonymous
}

export interface UseValue {
  readonly package: string
  /** In place of its own. */
  readonly name?: string
  readonly export?: string
  readonly options?: Options
  readonly before?: Place
  readonly after?: Place
}

export type AclValue = Options & { readonly rules?: readonly Options[]; readonly file?: string }

export type ConfigValue = {
  readonly listeners?: readonly ListenerValue[]
  readonly auth?: AuthValue
  readonly acl?: AclValue
  readonly limits?: Options
  readonly store?: { readonly memory?: Options; readonly lmdb?: Options; readonly redis?: Options }
  readonly stack?: Options
  readonly admin?: Options
  readonly metrics?: Options
  readonly tracing?: Options
  readonly use?: readonly UseValue[]
  readonly log?: Readonly<LogOptions>
} & { readonly [Name in Exclude<Place, 'backend'>]?: Options | false }
