/** What a run found, for people: a line a chapter, and what was wrong. */
import type { Result, Status } from '../harness/run-test.ts'

const MARK: Readonly<Record<Status, string>> = { pass: 'ok', remark: 'remark', fail: 'FAIL', skip: 'skip' }

/** Counts of each outcome. */
export type Counts = Readonly<Record<Status, number>>

export function countResults(results: readonly Result[]): Counts {
  const counts = { pass: 0, remark: 0, fail: 0, skip: 0 }
  for (const { status } of results) counts[status]++
  return counts
}

/** A table of all chapters, and below it the tests that did not just pass. */
export function reportTable(results: readonly Result[], verbose = false): string {
  const chapters = new Map<string, Result[]>()
  for (const result of results) {
    const list = chapters.get(result.test.chapter) ?? []
    chapters.set(result.test.chapter, [...list, result])
  }
  const width = Math.max(8, ...[...chapters.keys()].map((title) => title.length))
  const rows = [...chapters].map(([title, list]) => row(title.padEnd(width), countResults(list)))
  const told = results.filter(({ status }) => verbose || status === 'fail' || status === 'remark')
  return [
    `${'chapter'.padEnd(width)}    pass  remark    fail    skip`,
    ...rows,
    row('all'.padEnd(width), countResults(results)),
    ...(told.length > 0 ? [''] : []),
    ...told.map(line),
  ].join('\n')
}

function row(title: string, { pass, remark, fail, skip }: Counts): string {
  return title + [pass, remark, fail, skip].map((number) => String(number).padStart(8)).join('')
}

function line({ test, status, message }: Result): string {
  return `${MARK[status].padEnd(6)} ${test.chapter}: ${test.title}${message === '' ? '' : `\n       ${message}`}`
}
