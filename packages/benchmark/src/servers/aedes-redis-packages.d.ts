declare module 'aedes-persistence-redis' {
  /** @param redis As ioredis has it. */
  export default function persistence(redis: { readonly host: string; readonly port: number }): object
}

declare module 'mqemitter-redis' {
  /** @param redis As ioredis has it. */
  export default function emitter(redis: { readonly host: string; readonly port: number }): object
}
