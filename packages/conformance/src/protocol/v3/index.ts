/** Chapters of 3.1 alone. */
export * from './basics.ts'
