declare module 'aedes-persistence-level' {
  /** @param level Of the package `level`, or another abstract-level. */
  export default function persistence(level: object): object
}
