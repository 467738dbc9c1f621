/** A configuration as it was read, and the names of its parts. */

/** Where a part of the configuration is in it: keys, and places in lists. */
export type Path = readonly (string | number)[]

/** What a file says. */
export interface Parsed {
  /** Path of the file as it was given. */
  readonly file: string
  /** Objects, lists, texts, numbers, booleans and `null`; environment variables are filled in. */
  readonly value: unknown
  /** `broker.yaml:4:3`: where the value is; the nearest part around it where it is not there. */
  at(path: Path): string
  /** Where its key is. */
  atKey(path: Path): string
  /** Whether a variable was filled in: the value is not to be shown. */
  isFilled(path: Path): boolean
  /** The text as it was written: with the names of its variables. */
  writtenAt(path: Path): string | undefined
}

/** `listeners[0].cert`; the whole file is `the configuration`. */
export function nameOf(path: Path): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return name === '' ? 'the configuration' : name.replace(/^\./, '')
}
