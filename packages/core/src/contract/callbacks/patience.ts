/** How long each middleware is waited for where several are asked for what they know, in ms: somebody looks at the list, and may look again. */
export const PATIENCE = 4_000
