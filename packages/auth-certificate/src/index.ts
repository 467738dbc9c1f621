/**
 * `@mqtt-stack/auth-certificate`: knows clients by the TLS certificate that they came with.
 * @packageDocumentation
 */
export * from './certificate-auth.ts'
