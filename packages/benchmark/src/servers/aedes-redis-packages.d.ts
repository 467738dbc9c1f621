declare module 'aedes-persistence-redis' {
  /** @param options As its documentation has them. */
  export default function persistence(options: { readonly conn: string }): object
}

declare module 'mqemitter-redis' {
  /** @param options As its documentation has them. */
  export default function emitter(options: { readonly connectionString: string }): object
}
