/**
 * `@mqtt-stack/fuzz`: sends a broker every damaged packet, file and header, and races. `npm run fuzz` runs the files that
 * end in `.fuzz.ts`; `npm test` a seeded sample.
 * @packageDocumentation
 */
export {}
