/** Who may connect where, of a file of Mosquitto. */
import type { Draft, ListenerDraft } from './draft.ts'

/** A listener and who is asked who its clients are; all where it names nobody. */
export interface Asking {
  readonly listener: ListenerDraft
  readonly providers: readonly string[] | undefined
}

export interface LetIn {
  readonly listeners: readonly Asking[]
  /** As `auth.anonymous`. */
  readonly anonymous: boolean | 'local'
}

/** Providers are named where listeners differ; a listener that lets in nobody is left out. */
export function whoIsLetIn(draft: Draft, listeners: readonly ListenerDraft[]): LetIn {
  if (draft.listeners.length === 0 && draft.allowAnonymous === undefined)
    return {
      listeners: listeners.map((listener) => ({ listener, providers: undefined })),
      anonymous: 'local',
    }
  const all = listeners.map((listener) => ({ listener, providers: providersOf(draft, listener) }))
  const isAsked = all.some(({ providers }) => providers.length > 0)
  const kept = isAsked ? all.filter(({ providers }) => providers.length > 0) : all
  for (const { listener } of all.filter((one) => !kept.includes(one))) {
    draft.at(listener.line, `listener ${listener.port}`)
    draft.note('nobody may connect there: it is left out')
  }
  const anonymous = kept.some(({ providers }) => providers.includes('anonymous'))
  const differ = new Set(kept.map(({ providers }) => providers.join())).size > 1
  return {
    listeners: kept.map(({ listener, providers }) => ({
      listener,
      providers: differ ? providers : undefined,
    })),
    anonymous,
  }
}

function providersOf(draft: Draft, listener: ListenerDraft): string[] {
  // Whoever has a certificate is who it says, and nobody else.
  if (listener.isNamedByCertificate) return ['certificate']
  const { isPerListener, settings } = draft
  const hasUsers = isPerListener
    ? listener.passwordFile !== undefined
    : settings.some(({ path }) => path[1] === 'password')
  const anonymous = isPerListener ? listener.allowAnonymous : draft.allowAnonymous
  return [...(hasUsers ? ['password'] : []), ...(anonymous === true ? ['anonymous'] : [])]
}
