// Writes (--write) and checks docs/conformance.md; --peers runs the suite against the other brokers first, with --missing
// only the tests that they have no answer to.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../../../scripts/workspace.mjs'
import { missing, readColumns, withColumn, writeColumns } from './columns.mjs'
import { pageText } from './page.mjs'
import { PEERS, targetsOf } from './peers.mjs'

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: Object.keys(PEERS) },
  },
})

/** @type {typeof import('../src/index.ts')} */
const suite = await import(new URL('../dist/index.js', import.meta.url).href)
const { chaptersOf, countResults, runSuite, STANDARDS } = suite
/** @param {3 | 4 | 5} version */
const testsOf = (version) => chaptersOf(version).flatMap((chapter) => chapter.tests)

// Brokers that were started end with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
if (values.peers) for (const key of values.only) await runPeer(key)

const file = join(root, 'docs', 'conformance.md')
const text = pageText(STANDARDS, testsOf, readColumns())
if (values.write || values.peers) writeFileSync(file, text)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('docs/conformance.md: is not as generated; `npm run conformance:write` writes it')
  process.exit(1)
}
console.log('docs/conformance.md agrees with the tests and their results')

/** Runs all tests against a peer and puts its column into the file. @param {string} key */
async function runPeer(key) {
  const peer = PEERS[key]
  if (peer === undefined) throw new Error(`--only ${key}: the peers are ${Object.keys(PEERS).join(', ')}`)
  const version = peer.version()
  const directory = mkdtempSync(join(tmpdir(), 'mqtt-stack-conformance-'))
  const { setups, deaths, stop } = targetsOf(peer, directory)
  try {
    peer.prepare?.(directory)
    const all = [...testsOf(3), ...testsOf(4), ...testsOf(5)]
    const tests = values.missing ? missing(key, all) : all
    let results = await runSuite(tests, setups, { parallel: 8, patience: 2_000 })
    if (deaths() > 0) {
      // Whoever was connected when another test brought the broker down has failed for nothing.
      console.log(`${peer.name} ${version} died ${deaths()} times: its failures are tried again one by one`)
      const failed = results.filter(({ status }) => status === 'fail').map(({ test }) => test)
      const again = new Map(
        (await runSuite(failed, setups, { patience: 1_500 })).map((one) => [one.test, one]),
      )
      results = results.map((one) => again.get(one.test) ?? one)
    }
    writeColumns(withColumn({ key, name: peer.name, version }, results, all))
    for (const one of [3, 4, 5]) {
      const counts = countResults(results.filter(({ test }) => test.version === one))
      console.log(`${peer.name} ${version}, protocol level ${one}:`, counts)
    }
  } finally {
    await stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
