/** What neither standard lets a client send, from tables. */
export * from './fields.ts'
export * from './fixed-header.ts'
export * from './properties.ts'
export * from './strings.ts'
