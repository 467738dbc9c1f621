#!/usr/bin/env node
/** The command `mqtt-stack`. */
import './engine.ts'
import { runCli } from './run-cli.ts'

runCli(process.argv.slice(2)).then((code) => process.exit(code))
