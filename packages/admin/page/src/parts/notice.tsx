/** What went wrong, or that nothing has come yet. */
export function Notice({ error, empty }: { error: string | undefined; empty?: string | undefined }) {
  if (error !== undefined) return <p role="alert">{error}</p>
  return empty === undefined ? null : <p class="quiet">{empty}</p>
}
