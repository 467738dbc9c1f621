/** `mqtt-stack check`: what a configuration lets whom do, and what is wrong or weak in it. */
import type { Report } from '../check/examine.ts'
import { examine } from '../check/examine.ts'
import type { Io } from './command.ts'
import { oneFile } from './one-file.ts'

/** Lines of what may be done, for each listener. */
const MOST_RULES = 20

/** @returns 1 where it cannot be started as it is. */
export async function check(args: readonly string[], { stdout, env }: Io): Promise<number> {
  const report = await examine(oneFile('check FILE', args), env)
  stdout.write(textOf(report))
  return report.findings.some(({ level }) => level === 'error') ? 1 : 0
}

/** The report as people read it. */
export function textOf({ exposures, services, findings }: Report): string {
  const listeners = exposures.map(({ url, local, secure, who, may, limits }) => {
    return [
      `${url}  (${reachOf(local)}, ${secure ? 'TLS' : 'no TLS'})`,
      ...rows('who may connect', who.length === 0 ? ['nobody'] : who),
      ...rows('what they may do', shortened(may)),
      ...rows('limits', limits),
      '',
    ].join('\n')
  })
  const answers = services.map(({ url, section, local, who }) =>
    [`${url}  (${section}, ${reachOf(local)}, no TLS)`, ...rows('who may ask', who), ''].join('\n'),
  )
  const lines = findings.map(({ level, where, message }) => `${where}: ${level}: ${message}`)
  const count = (wanted: string): number => findings.filter(({ level }) => level === wanted).length
  const sum = `${counted(count('error'), 'error')}, ${counted(count('warning'), 'warning')}`
  return [...listeners, ...answers, ...lines, sum, ''].join('\n')
}

const reachOf = (local: boolean): string => (local ? 'this machine' : 'the network')

function rows(title: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `  ${(i === 0 ? title : '').padEnd(18)}${line}`)
}

function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_RULES) return lines
  return [...lines.slice(0, MOST_RULES - 1), `and ${lines.length - MOST_RULES + 1} more`]
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
