import { describe, it } from 'vitest'
import { mqttStack } from '../../../scripts/conformance/mqtt-stack-target.ts'
import { describeProtocol } from './harness/describe-protocol.ts'

describeProtocol({ describe, it, version: 5, setup: mqttStack, patience: 2_000 })
