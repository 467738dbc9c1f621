import type { Plan } from '../load/plan.ts'
import type { Tally } from '../load/sequence.ts'
import { createTally } from '../load/sequence.ts'
import { Traffic } from '../load/traffic.ts'
import { FAN_OUT_WINDOW, USUAL } from '../scenarios/flow.ts'
import { fanOut, pairs } from '../scenarios/layouts.ts'

/** One flow of the mix and what became of its messages. */
export interface Flow {
  readonly name: string
  readonly about: string
  readonly tally: Tally
  readonly traffic: Traffic
}

const PLANS: readonly (Plan & { readonly name: string; readonly about: string })[] = [
  { ...USUAL, ...pairs(10, 'pai0'), name: 'pair0', about: '10 publishers to 10 subscribers, QoS 0' },
  { ...USUAL, ...pairs(10, 'pai1'), qos: 1, name: 'pair1', about: '10 publishers to 10 subscribers, QoS 1' },
  {
    ...USUAL,
    ...fanOut(500),
    window: FAN_OUT_WINDOW,
    name: 'fanout0',
    about: '1 publisher to 500 subscribers, QoS 0',
  },
]

/** Three closed loops beside each other: each takes what the others leave. */
export function createMix(port: number): Flow[] {
  return PLANS.map((plan) => {
    const tally = createTally()
    const traffic = new Traffic(plan, { port, transport: 'tcp', version: 4 }, tally)
    return { name: plan.name, about: plan.about, tally, traffic }
  })
}
