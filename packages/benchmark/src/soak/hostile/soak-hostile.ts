import type { SoakReport } from '../flat.ts'
import type { SoakOptions } from '../options.ts'
import type { SoakConditions } from '../page.ts'
import { clock, mebibytes } from '../page.ts'
import { ACTS } from './acts/index.ts'
import { startHostileBroker } from './broker.ts'
import type { Moment, Phase } from './course.ts'
import { runCourse } from './course.ts'
import { startCrowd } from './crowd-process.ts'
import { GoodClients } from './good-clients.ts'
import { judgeHostile } from './judge.ts'
import { PAIRS, RATE, reliabilityPage } from './page.ts'
import { planOf } from './plan.ts'
import { arrangePriorities } from './priorities.ts'
import type { Act } from './stage.ts'

/** Good clients beside hostile ones, each a process of their own. */
export async function soakHostile(
  { seconds, only }: SoakOptions,
  about: SoakConditions,
  signal: AbortSignal,
): Promise<SoakReport> {
  const acts = choose(only)
  const broker = await startHostileBroker()
  const { ports } = broker
  const good = new GoodClients({ ports, pairs: PAIRS, rate: RATE })
  const crowd = startCrowd({ ports, acts: acts.map(({ name }) => name) })
  try {
    const isRealTime = await arrangePriorities(broker.pid, crowd.pid)
    const result = await runCourse({ broker, good, crowd, plan: planOf(seconds), tell, signal })
    const judgement = judgeHostile(result, acts)
    return {
      page: reliabilityPage(result, judgement, acts, { ...about, isRealTime }),
      problems: judgement.problems,
    }
  } finally {
    good.break()
    await crowd.stop()
    await broker.stop()
  }
}

function choose(only: readonly string[] | undefined): readonly Act[] {
  const unknown = only?.find((name) => !ACTS.some((act) => act.name === name))
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: the kinds are ${ACTS.map(({ name }) => name).join(', ')}`)
  return ACTS.filter(({ name }) => only?.includes(name) ?? true)
}

function tell(what: Phase | Moment): void {
  console.log('state' in what ? momentLine(what) : phaseLine(what))
}

function momentLine({ at, settled, state, differences }: Moment): string {
  const open = differences.length === 0 ? 'as before' : differences.join('; ')
  return `${clock(at)}  settled in ${settled.toFixed(1)} s  heap ${mebibytes(state.heapUsed)} MiB  ${open}`
}

function phaseLine({ at, name, latency }: Phase): string {
  const [p50, p99] = [latency.p50, latency.p99].map((value) => value.toFixed(2))
  return `${clock(at)}  ${name}  p50 ${p50} ms  p99 ${p99} ms`
}
