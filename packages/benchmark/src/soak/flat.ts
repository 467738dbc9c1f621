import { startSoakBroker } from './broker.ts'
import { judge } from './judge.ts'
import type { SoakOptions } from './options.ts'
import type { SoakConditions } from './page.ts'
import { plateauCells, soakPage } from './page.ts'
import type { Plateau } from './run.ts'
import { soak } from './run.ts'

const SPANS = 20

/** What is to be told of a soak, and what is not as it must be. */
export interface SoakReport {
  /** Markdown. */
  readonly page: string
  readonly problems: readonly string[]
}

/** At full rate, without hostile clients. */
export async function soakFlat(
  { seconds }: SoakOptions,
  about: SoakConditions,
  signal: AbortSignal,
): Promise<SoakReport> {
  const broker = await startSoakBroker()
  try {
    const result = await soak(broker, { spans: SPANS, seconds: seconds / SPANS }, tell, signal)
    const judgement = judge(result)
    return { page: soakPage(result, judgement, about), problems: judgement.problems }
  } finally {
    await broker.stop()
  }
}

function tell(plateau: Plateau): void {
  const [at, rate, busy, rss, heap, , collections, longest] = plateauCells(plateau)
  console.log(
    `${at}  ${rate} deliveries/s  ${busy} MiB resident, ${rss} when quiet  heap ${heap} MiB  ` +
      `${collections} collections, longest ${longest} ms`,
  )
}
