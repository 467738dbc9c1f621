/** `pnpm bench` runs this file. */
import './cli.ts'
