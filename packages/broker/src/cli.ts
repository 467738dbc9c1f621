#!/usr/bin/env node
/** The command `mqtt-stack`. */
import './engine.ts'
import { HeldSignal } from './held-signal.ts'

// Before all else is loaded, which takes a while.
const held = { again: new HeldSignal('SIGHUP'), other: new HeldSignal('SIGUSR2') }

import('./run-cli.ts')
  .then(({ runCli }) => runCli(process.argv.slice(2), held))
  .then((code) => process.exit(code))
