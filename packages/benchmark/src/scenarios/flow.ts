import type { Bench } from '../load/bench.ts'
import type { Layout, Plan } from '../load/plan.ts'
import { Traffic } from '../load/traffic.ts'
import type { Feature, Metric, Scenario } from './scenario.ts'
import { RATE } from './scenario.ts'

export const USUAL = { qos: 0, payload: 32, batch: 16, window: 4096 } as const
export const FAN_OUT_WINDOW = 20_000

export interface FlowOptions extends Partial<Omit<Plan, keyof Layout>> {
  /** Of the whole load, or of each of its parts, which are processes of their own. */
  readonly layout: Layout | readonly Layout[]
  readonly scenario?: Partial<
    Pick<Scenario, 'group' | 'nodes' | 'needs' | 'transport' | 'version' | 'conditions'>
  >
  readonly metrics?: readonly Metric[]
  /** Something that goes on beside the flow; it is set up before the flow begins and stopped after it. */
  readonly beside?: (bench: Bench) => Promise<Beside>
}

export interface Beside {
  /** Further figures of the measured span. */
  values?(seconds: number): Record<string, number>
  /** Called when the measured span begins. */
  begin?(): void
  stop(): Promise<void>
}

/** A steady flow of messages through the broker, in messages delivered a second. */
export function flow(name: string, about: string, options: FlowOptions): Scenario {
  const { layout, scenario, metrics = [], beside, ...settings } = options
  const layouts = [layout].flat()
  const plans = layouts.map((each, part): Plan => {
    const whole = { ...USUAL, ...settings }
    return { ...whole, window: whole.window / layouts.length, name: `bench${part || ''}`, ...each }
  })
  return {
    name,
    about,
    ...scenario,
    parts: layouts.length,
    needs: [...needsOf(plans[0]), ...(scenario?.needs ?? [])],
    metrics: [RATE, ...metrics],

    async run(bench) {
      const company = await beside?.(bench)
      const traffic = new Traffic(plans[bench.part], bench.target, bench.tally)
      await traffic.connect()
      await bench.together()
      await traffic.run(bench.warmup)
      company?.begin?.()
      let delivered = 0
      const seconds = await bench.measure(async () => {
        delivered = await traffic.run(bench.seconds)
      })
      const values = company?.values?.(seconds)
      await traffic.settle()
      await company?.stop()
      await traffic.close()
      return { rate: delivered / seconds, ...values }
    },
  }
}

function needsOf(plan: Plan): Feature[] {
  return plan.qos === 0 ? [] : plan.qos === 1 ? ['qos1'] : ['qos2']
}
