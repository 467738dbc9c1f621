/** What is known of a line of the log before it is written. */
import type { LogLevel } from './level.ts'

/** One event that may be logged. */
export interface LogRow {
  readonly level: LogLevel
  /** The words of the line, with `{name}` where the value of a field stands. */
  readonly text: string
  /** Further fields, which are given where they are known: names with blanks between. */
  readonly fields?: string
  /** What has happened. */
  readonly about: string
  /** What an operator does about it. */
  readonly act: string
}

/** Events by their names: `client.refused`. */
export type LogTable = Readonly<Record<string, LogRow>>

/** The value of a field. */
export type FieldValue = string | number | boolean

/** The names that stand in braces in a text. */
type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

/** The words of a text. */
type WordsOf<Text extends string> = Text extends `${infer Word} ${infer Rest}`
  ? Word | WordsOf<Rest>
  : Text extends ''
    ? never
    : Text

/** The fields of an event: those in its text, and those of the others that are known. */
export type FieldsOf<Row extends LogRow> = Readonly<Record<NamesIn<Row['text']>, FieldValue>> &
  (Row extends { readonly fields: infer Names extends string }
    ? Readonly<Partial<Record<WordsOf<Names>, FieldValue>>>
    : unknown)

/** Names of the fields that a text needs. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

/** All fields of an event, those of its text first. */
export function fieldNames({ text, fields = '' }: LogRow): string[] {
  return [...new Set([...namesIn(text), ...fields.split(' ').filter((name) => name !== '')])]
}
