/** The shells that `mqtt-stack completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
