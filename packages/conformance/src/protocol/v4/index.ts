/** Chapters of 3.1.1 alone. */
export * from './connect.ts'
