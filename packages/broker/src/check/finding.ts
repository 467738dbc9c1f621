/** Something that `mqtt-stack check` says. */
export interface Finding {
  /** `error`: it does not start. `warning`: it starts, and is weak. `note`: worth to know. */
  readonly level: 'error' | 'warning' | 'note'
  /** `broker.yaml:4:3`. */
  readonly where: string
  readonly message: string
}
