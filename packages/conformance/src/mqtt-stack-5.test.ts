import { describe, it } from 'vitest'
import { mqttStacks } from '../../../scripts/conformance/mqtt-stack-target.ts'
import { describeProtocol } from './harness/describe-protocol.ts'

describeProtocol({ describe, it, version: 5, setup: mqttStacks, patience: 5_000 })
