import type { Ports } from './broker.ts'
import type { Act, Outcomes } from './stage.ts'
import { Stage } from './stage.ts'

/** What became of the doings of all kinds, by the kind's name. */
export type CrowdOutcomes = Readonly<Record<string, Outcomes>>

/** All hostile clients together. */
export interface Crowd {
  begin(): void | Promise<void>
  /** Resolves when they are gone, with what became of them since they began. */
  end(): Promise<CrowdOutcomes>
}

/** Longest that what hostile clients leave behind may take to be taken away. */
const TIDY_MS = 15_000

/** Hostile clients in this process. */
export class LocalCrowd implements Crowd {
  readonly #ports: Ports
  readonly #acts: readonly Act[]
  #running: { act: Act; stage: Stage; ended: Promise<unknown> }[] = []

  constructor(ports: Ports, acts: readonly Act[]) {
    this.#ports = ports
    this.#acts = acts
  }

  begin(): void {
    this.#running = this.#acts.map((act) => {
      const stage = new Stage(this.#ports)
      const actors = Array.from({ length: act.actors }, (_, actor) => play(act, stage, actor))
      return { act, stage, ended: Promise.all(actors) }
    })
  }

  async end(): Promise<CrowdOutcomes> {
    const running = this.#running
    this.#running = []
    for (const { stage } of running) stage.close()
    await Promise.all(running.map(({ ended }) => ended))
    for (const { act } of running) await this.#tidy(act)
    return Object.fromEntries(running.map(({ act, stage }) => [act.name, stage.outcomes]))
  }

  async #tidy(act: Act): Promise<void> {
    const stage = new Stage(this.#ports)
    await Promise.race([act.tidy?.(stage), stage.pause(TIDY_MS)])
    stage.close()
  }
}

async function play(act: Act, stage: Stage, actor: number): Promise<void> {
  for (let round = 0; !stage.isOver; round++) {
    try {
      await act.play(stage, actor, round)
    } catch (error) {
      stage.note(`failed: ${(error as Error).message}`)
      await stage.pause(1000)
    }
  }
}
