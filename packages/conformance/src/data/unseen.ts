/** Why statements have no test: they bind clients only, or nobody outside a server can see whether it keeps them. */
export type Unseen = Readonly<Record<string, string>>
