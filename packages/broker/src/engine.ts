/** Settings of V8 for a process that is a broker and nothing else; imported before anything that it compiles. */
import { setFlagsFromString } from 'node:v8'

/**
 * How much V8 may inline into one function, in bytes of its byte code (920 by itself). The way of a message leads through
 * many small functions, and beyond that bound they are called instead: a tenth of pair0. Bun has another engine.
 */
if (process.versions.bun === undefined) setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000')
