// docs/conformance.md: every statement with its tests or its reason, and what each broker did.
import { nameOf } from './columns.mjs'

/** @typedef {import('../src/harness/chapter.ts').Test} Test */
/** @typedef {import('../src/data/standards.ts').Standard} Standard */
/** @typedef {import('./columns.mjs').Columns} Columns */

/** Titles that stand in a row before the rest is only counted. */
const SHOWN = 3
/** @type {Readonly<Record<string, string>>} */
const SIGNS = { p: 'pass', r: 'pass *', f: '**fail**', '-': '–', '?': '?' }
const INTRODUCTION = `# Conformance

Which statements of the two standards are tested, by which test of [\`@mqtt-stack/conformance\`](../packages/conformance), and
what four brokers make of it. This page is generated from the titles of the tests and from \`conformance.json\`, which running the suite
writes; \`npm test\` runs the suite against mqtt-stack and compares. \`npm run conformance:peers\` runs it against the others.

- **pass**: all tests of the statement pass.
- **pass ***: what is demanded is kept, what is recommended is not: mostly a connection that is closed without the reason code that
  5.0 has for it, or with another one.
- **fail**: at least one test of the statement fails.
- **–**: does not apply, as to the QoS of a will where every QoS is taken, or to WebSockets where there are none.

A broker is run in several configurations (its defaults; users and access rules; restricted), and a test takes the first to
which it applies. Where a statement has no test, its row says why: it binds clients only, or cannot be seen from outside.`

/**
 * The page.
 * @param {readonly Standard[]} standards
 * @param {(version: 3 | 4 | 5) => readonly Test[]} testsOf
 * @param {Columns} columns
 */
export function pageText(standards, testsOf, columns) {
  const sections = standards.map((standard) => {
    const tests = testsOf(standard.version)
    return [
      `## MQTT ${standard.name}`,
      statementTable(standard, tests, columns),
      `### MQTT ${standard.name}: tests without a number`,
      'What the standard says without numbering it, and what follows from it.',
      chapterTable(tests, columns),
    ].join('\n\n')
  })
  const old = [
    '## MQTT 3.1',
    'MQTT 3.1 has no numbers. What it shares with 3.1.1 is tested by the same tests.',
    chapterTable(testsOf(3), columns),
  ].join('\n\n')
  return [INTRODUCTION, '## Summary', summary(standards, testsOf, columns), ...sections, old, ''].join('\n\n')
}

/**
 * @param {readonly Standard[]} standards
 * @param {(version: 3 | 4 | 5) => readonly Test[]} testsOf
 * @param {Columns} columns
 */
function summary(standards, testsOf, columns) {
  const rows = standards.flatMap(({ name, version, ids, unseen }) => {
    const tests = testsOf(version)
    const tested = ids.filter((id) => tests.some(({ statements }) => statements.includes(id)))
    const verdicts = columns.brokers.map((_, at) => {
      const counts = tested.map((id) => verdict(of(id, tests), columns, at))
      return countText(counts)
    })
    const results = columns.brokers.map((_, at) => countText(tests.map((test) => letter(test, columns, at))))
    return [
      [`${name}: ${tested.length} statements tested, ${Object.keys(unseen).length} explained`, ...verdicts],
      [`${name}: ${tests.length} tests`, ...results],
    ]
  })
  const old = testsOf(3)
  rows.push([
    `3.1: ${old.length} tests`,
    ...columns.brokers.map((_, at) => countText(old.map((test) => letter(test, columns, at)))),
  ])
  const head = ['', ...columns.brokers.map(({ name, version }) => `${name} ${version}`)]
  return `${table(head, rows)}\n\nIn each cell: pass / pass * / fail / does not apply.`
}

/** @param {string[]} letters */
function countText(letters) {
  return ['p', 'r', 'f', '-'].map((one) => letters.filter((letter) => letter === one).length).join(' / ')
}

/**
 * @param {Standard} standard
 * @param {readonly Test[]} tests
 * @param {Columns} columns
 */
function statementTable({ ids, unseen }, tests, columns) {
  const rows = ids.map((id) => {
    const mine = of(id, tests)
    if (mine.length === 0) return [id, `*no test: ${unseen[id] ?? 'open'}*`, ...columns.brokers.map(() => '')]
    const verdicts = columns.brokers.map((_, at) => SIGNS[verdict(mine, columns, at)])
    return [id, titles(mine), ...verdicts]
  })
  return table(
    ['statement', 'tests', ...columns.brokers.map(({ name, version: v }) => `${name} ${short(v)}`)],
    rows,
  )
}

/**
 * @param {readonly Test[]} tests
 * @param {Columns} columns
 */
function chapterTable(tests, columns) {
  const unnumbered = tests.filter(({ statements }) => statements.length === 0)
  const chapters = [...new Set(unnumbered.map(({ chapter }) => chapter))]
  const rows = chapters.flatMap((chapter) =>
    unnumbered
      .filter((test) => test.chapter === chapter)
      .map((test) => [
        chapter,
        plain(test),
        ...columns.brokers.map((_, at) => SIGNS[letter(test, columns, at)]),
      ]),
  )
  return table(
    ['chapter', 'test', ...columns.brokers.map(({ name, version: v }) => `${name} ${short(v)}`)],
    rows,
  )
}

/** `2.0.11 (Debian ...)` is 2.0.11 in a narrow column. @param {string} version */
function short(version) {
  return version.split(' ')[0]
}

/** @param {string} id @param {readonly Test[]} tests */
function of(id, tests) {
  return tests.filter(({ statements }) => statements.includes(id))
}

/** @param {readonly Test[]} tests */
function titles(tests) {
  const shown = tests.slice(0, SHOWN).map(plain)
  const more = tests.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('<br>')
}

/** A title without its numbers, as Markdown takes it. @param {Test} test */
function plain({ title }) {
  return title.replace(/\[MQTT-[^\]]+\] /g, '').replace(/[\\|*_<>#`$]/g, (character) => `\\${character}`)
}

/**
 * What a broker made of a statement: fails with one of its tests, and passes with one if none fails.
 * @param {readonly Test[]} tests
 * @param {Columns} columns
 * @param {number} at
 */
function verdict(tests, columns, at) {
  const letters = tests.map((test) => letter(test, columns, at))
  return ['?', 'f', 'r', 'p'].find((one) => letters.includes(one)) ?? '-'
}

/** @param {Test} test @param {Columns} columns @param {number} at */
function letter(test, columns, at) {
  return columns.results[test.version]?.[nameOf(test)]?.[at] ?? '?'
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
