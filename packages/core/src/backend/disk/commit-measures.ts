/** How long commits take, and how large they are. */
import type { MetricFamily } from '../../contract/index.ts'
import { AMOUNTS, Histogram } from '../../contract/index.ts'
import type { Change } from '../ordered-store.ts'

export class CommitMeasures {
  readonly #seconds = new Histogram()
  readonly #changes = new Histogram(AMOUNTS)
  #bytes = 0
  #failures = 0

  /** @param ms That the store took. */
  written(changes: readonly Change[], ms: number): void {
    this.#seconds.observe(ms / 1_000)
    this.#changes.observe(changes.length)
    for (const { key, value } of changes) this.#bytes += key.length + (value?.length ?? 0)
  }

  failed(): void {
    this.#failures++
  }

  /** @param waiting Changes that the next commit has. */
  families(waiting: number): MetricFamily[] {
    return [
      this.#seconds.family('mqtt_store_commit_seconds', 'Commits of the store.'),
      this.#changes.family('mqtt_store_commit_changes', 'Changes of a commit: many messages share one.'),
      number(
        'mqtt_store_written_bytes_total',
        'counter',
        'Bytes of keys and values in commits.',
        this.#bytes,
      ),
      number('mqtt_store_commit_failures_total', 'counter', 'Commits that failed.', this.#failures),
      number('mqtt_store_waiting_changes', 'gauge', 'Changes that wait for the next commit.', waiting),
    ]
  }
}

function number(name: string, type: 'counter' | 'gauge', help: string, value: number): MetricFamily {
  return { name, type, help, samples: [{ labels: {}, value }] }
}
