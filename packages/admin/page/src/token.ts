/** The token of whoever looks on: out of the link's fragment, kept for this tab alone. */
const KEY = 'mqtt-stack token'

/** Takes the token out of the address, so that it stands in no history. */
export function takeToken(): string | undefined {
  const found = /[#&]token=([^&]+)/.exec(location.hash)?.[1]
  if (found !== undefined) {
    sessionStorage.setItem(KEY, decodeURIComponent(found))
    history.replaceState(null, '', `${location.pathname}#/`)
  }
  return sessionStorage.getItem(KEY) ?? undefined
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
}
