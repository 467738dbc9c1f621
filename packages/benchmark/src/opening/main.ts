#!/usr/bin/env node
/**
 * How long a broker takes to open what it kept, and the memory that it takes then: retained messages and stored sessions.
 * `npm run bench:opening`; `-- --retained 1000 --sessions 100` is a look, `-- --write` writes it into docs/durability.md.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePorts } from '../brokers/ports.ts'
import { LoadClient } from '../load/client.ts'
import { CONNECTING, inParallel } from '../load/parallel.ts'
import { markdownTable } from '../report/markdown-table.ts'
import { machine } from '../report/setting.ts'

const SERVER = fileURLToPath(new URL('server.js', import.meta.url))
const PAGE = fileURLToPath(new URL('../../../../docs/durability.md', import.meta.url))
const MARKS = /(<!-- opening -->\n)[\s\S]*(<!-- \/opening -->)/

interface Opened {
  readonly milliseconds: number
  readonly retained: number
  readonly sessions: number
  readonly rss: number
  readonly heapUsed: number
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      retained: { type: 'string', default: '1000000' },
      sessions: { type: 'string', default: '100000' },
      write: { type: 'boolean', default: false },
    },
  })
  const directory = mkdtempSync(join(tmpdir(), 'mqtt-stack-opening-'))
  try {
    const lines = [await measure(directory, 'nothing', 0, 0)]
    lines.push(await measure(directory, 'retained messages', Number(values.retained), 0))
    lines.push(await measure(directory, 'and stored sessions', 0, Number(values.sessions)))
    const head = ['opened', 'retained', 'sessions', 'file', 'time', 'resident memory', 'heap']
    const text = [
      `On ${machine()}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}:`,
      '',
      ...markdownTable(head, lines),
    ].join('\n')
    console.log(`\n${text}`)
    if (values.write) writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(MARKS, `$1${text}\n$2`))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Adds so much to what is in the directory, and opens it again. */
async function measure(path: string, name: string, retained: number, sessions: number): Promise<string[]> {
  await run(path, retained, sessions)
  const opened = await run(path, 0, 0)
  const { size } = statSync(join(path, 'data.mdb'))
  return [
    name,
    opened.retained.toLocaleString('en'),
    opened.sessions.toLocaleString('en'),
    mebibytes(size),
    `${(opened.milliseconds / 1_000).toFixed(2)} s`,
    mebibytes(opened.rss),
    mebibytes(opened.heapUsed),
  ]
}

/** Runs a broker until it has opened, and taken in what is to be added; then it is killed. */
async function run(path: string, retained: number, sessions: number): Promise<Opened> {
  const [port] = await freePorts(1)
  const flags = ['--expose-gc', '--max-old-space-size=8192']
  const child = spawn(process.execPath, [...flags, SERVER, String(port), path, String(retained)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const line = await Promise.race([once(child.stdout, 'data'), exited.then(() => undefined)])
    if (line === undefined) throw new Error('the broker ended')
    await connectAll(port, sessions)
    return JSON.parse(String(line[0]))
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** Sessions with a subscription each, whose clients are gone. */
async function connectAll(port: number, count: number): Promise<void> {
  const target = { port, transport: 'tcp', version: 5 } as const
  await inParallel(count, CONNECTING, async (i) => {
    const client = new LoadClient(target, `session-${i}`)
    await client.connect({ clean: false, sessionExpiry: 86_400 })
    await client.subscribe([`site/${i % 1_000}/command/${i}`], 1)
    await client.quit()
  })
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
