/** How the log is written. */
export const LOG_FORMATS = ['auto', 'lines', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]
