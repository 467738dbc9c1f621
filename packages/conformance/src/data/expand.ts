/** Statement numbers come in runs: a section, and from where to where it counts. */

/** Section, first and last number. */
export type Run = readonly [section: string, first: number, last: number]

/** `['3.1.0', 1, 2]` is MQTT-3.1.0-1 and MQTT-3.1.0-2. */
export function expand(runs: readonly Run[]): readonly string[] {
  return runs.flatMap(([section, first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => `MQTT-${section}-${first + at}`),
  )
}
