/** An access rule as the acl has read it. The package that has the class may not be there. */
export interface ReadRule {
  /** `broker.yaml:31`. */
  readonly source: string | undefined
  readonly allow: boolean
  readonly actions: readonly string[]
  readonly topics: readonly { readonly text: string }[]
  readonly users: ReadonlySet<string> | undefined
  readonly groups: ReadonlySet<string> | undefined
  readonly clients: ReadonlySet<string> | undefined
  readonly ranges: readonly { readonly text: string }[] | undefined
  readonly listeners: ReadonlySet<string> | undefined
  readonly anonymous: boolean
  readonly qos: number
  readonly retain: boolean | undefined
  /** All conditions in words: ` user alice qos 1`. */
  readonly conditions: string
}
