/** What the command does, from its arguments to its exit code. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { runSuite } from '../harness/run-suite.ts'
import type { Result } from '../harness/run-test.ts'
import type { Target } from '../harness/target.ts'
import { chaptersOf } from '../protocol/index.ts'
import { reportTable } from '../report/report-table.ts'
import type { CliOptions } from './cli-options.ts'
import { HELP, parseFlags } from './cli-options.ts'

/** Where the command writes. */
export interface Output {
  write(text: string): unknown
}

/** @returns The exit code. */
export async function runCli(
  args: readonly string[],
  out: Output = process.stdout,
  errors: Output = process.stderr,
): Promise<number> {
  try {
    const options = parseFlags(args)
    if (options.help) {
      out.write(HELP)
      return 0
    }
    return await check(options, out)
  } catch (error) {
    errors.write(`mqtt-conformance: ${(error as Error).message}\n`)
    return 2
  }
}

async function check(options: CliOptions, out: Output): Promise<number> {
  const target = tcpTarget(options)
  const probe = await target.connect()
  probe.destroy()
  const all: Result[] = []
  for (const version of options.versions) {
    const tests = chaptersOf(version)
      .flatMap((chapter) => chapter.tests)
      .filter(({ title, chapter, slow }) => {
        if (options.fast && slow) return false
        return options.only === undefined || `${chapter} ${title}`.includes(options.only)
      })
    const results = await runSuite(tests, [() => target], options)
    all.push(...results)
    if (!options.json) out.write(`MQTT ${NAMES[version]}\n\n${reportTable(results, options.verbose)}\n\n`)
  }
  if (options.json) out.write(`${JSON.stringify(all.map(plain), null, 2)}\n`)
  const failed = all.some(({ status }) => status === 'fail' || (options.strict && status === 'remark'))
  return failed ? 1 : 0
}

const NAMES = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const

/** A result as JSON can tell it. */
export interface PlainResult {
  readonly version: number
  readonly chapter: string
  readonly title: string
  readonly status: string
  readonly message: string
}

function plain({ test, status, message }: Result): PlainResult {
  return { version: test.version, chapter: test.chapter, title: test.title, status, message }
}

/** A broker that listens on TCP. */
function tcpTarget({ host, port, username, password }: CliOptions): Target & { connect(): Promise<Socket> } {
  return {
    async connect() {
      const socket = connect({ host, port, noDelay: true })
      await once(socket, 'connect')
      return socket
    },
    ...(username === undefined ? {} : { credentials: { username, password: password ?? '' } }),
  }
}
