/** Load, then `kill -9` at a random moment, start again; round for round, and in the end everything has to be there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerProcess, freePort } from './broker.ts'
import { Cast } from './cast.ts'
import { Random } from './random.ts'

export interface Plan {
  readonly rounds: number
  readonly seed: number
  readonly sync: 'commit' | 'interval'
  /** Told after each round. */
  readonly onRound?: (round: number) => void
}

export interface Result {
  readonly rounds: number
  /** Messages of QoS 1 and 2 whose publishers were told that the broker has them, and copies that came. */
  readonly acknowledged: number
  readonly delivered: number
  readonly retained: number
  readonly wills: number
  readonly seconds: number
  /** What is not as it must be; empty is what is wanted. */
  readonly problems: readonly string[]
}

/** Milliseconds from the start of the load to the kill. */
const LOAD = { least: 20, most: 300 }
/** Every so many kills one comes before the broker listens. */
const EARLY = 0.1
/** How long the last round may take to bring everything, in ms. */
const SETTLE = 30_000

export async function crashRounds({ rounds, seed, sync, onRound }: Plan): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'crash-rounds-'))
  const random = new Random(seed)
  const port = await freePort()
  const started = performance.now()
  const problems: string[] = []
  const cast = new Cast(port, random, (problem) => problems.push(problem))
  let broker: BrokerProcess | undefined
  try {
    for (let round = 1; round <= rounds && problems.length === 0; round++) {
      broker = new BrokerProcess({ directory, port, sync })
      if (round > 1 && random.chance(EARLY)) {
        await delay(random.between(0, 400))
      } else {
        await broker.listening()
        await cast.connect()
        await cast.checkStates()
        const end = performance.now() + random.between(LOAD.least, LOAD.most)
        while (performance.now() < end) {
          cast.load()
          await delay(2)
        }
        problems.push(...cast.disconnected())
      }
      await broker.kill()
      cast.crashed()
      problems.push(...saidBy(broker), ...cast.faults())
      onRound?.(round)
    }
    broker = new BrokerProcess({ directory, port, sync })
    await settle(broker, cast)
    await cast.checkStates()
    const losses = cast.losses()
    problems.push(...saidBy(broker), ...cast.disconnected(), ...cast.faults(), ...losses)
    if (losses.length > 0) {
      // What comes now was there, and was not sent.
      await broker.kill()
      cast.crashed()
      broker = new BrokerProcess({ directory, port, sync })
      await settle(broker, cast)
      problems.push(`${losses.length - cast.losses().length} of these came after another start`)
    }
  } finally {
    await broker?.kill()
    cast.end()
    rmSync(directory, { recursive: true })
  }
  const seconds = (performance.now() - started) / 1_000
  return { rounds, ...cast.counts, seconds, problems }
}

/** Everybody comes back; fulfils when all has come, or has had its time. */
async function settle(broker: BrokerProcess, cast: Cast): Promise<void> {
  await broker.listening()
  await cast.connect(true)
  const end = performance.now() + SETTLE
  while (!cast.isSettled && performance.now() < end) await delay(10)
}

function saidBy(broker: BrokerProcess): string[] {
  return broker.complaints.map((line) => `the broker said: ${line}`)
}
