/** What checks of options have in common. */

/** At least one text, and none of them empty. */
export function isListOfText(value: unknown): value is readonly string[] {
  const isText = (one: unknown): boolean => typeof one === 'string' && one !== ''
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

/** As messages have it. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
