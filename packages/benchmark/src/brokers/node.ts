import { spawnSync } from 'node:child_process'
import type { Broker } from './broker.ts'
import { mqttStack } from './mqtt-stack.ts'

/** Our own, run by this Node and by the one at `path`. */
export function nodeLineup(path: string): readonly Broker[] {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const version = /^v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1]
  if (!version) throw new Error(`--node: ${path} is no Node`)
  return [runBy(process.execPath, process.versions.node), runBy(path, version)]
}

function runBy(file: string, version: string): Broker {
  return {
    ...mqttStack,
    name: `node ${version}`,
    command: (listen) => ({ file, args: mqttStack.command(listen).args }),
  }
}
