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

const RECEIVERS = 500

const plansOf = (receivers: number): (Plan & { readonly name: string; readonly about: string })[] => [
  { ...USUAL, ...pairs(10, 'pai0'), name: 'pair0', about: '10 publishers to 10 subscribers, QoS 0' },
  { ...USUAL, ...pairs(10, 'pai1'), qos: 1, name: 'pair1', about: '10 publishers to 10 subscribers, QoS 1' },
  {
    ...USUAL,
    ...fanOut(receivers),
    window: FAN_OUT_WINDOW,
    name: 'fanout0',
    about: `1 publisher to ${receivers} subscribers, QoS 0`,
  },
]

/**
 * Three closed loops beside each other: each takes what the others leave.
 * @param receivers Of the fan-out.
 */
export function createMix(port: number, receivers: number = RECEIVERS): Flow[] {
  return plansOf(receivers).map((plan) => {
    const tally = createTally()
    const traffic = new Traffic(plan, { port, transport: 'tcp', version: 4 }, tally)
    return { name: plan.name, about: plan.about, tally, traffic }
  })
}
