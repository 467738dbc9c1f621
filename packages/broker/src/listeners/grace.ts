/** How long connections may take to read their last bytes and hang up when a listener closes (ms). */
export const GRACE = 1_000
