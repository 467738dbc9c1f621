import { describe, it } from 'vitest'
import { mqttStacks } from '../page/mqtt-stack-target.ts'
import { checkColumn } from '../page/own-column.ts'
import { describeProtocol } from './harness/describe-protocol.ts'
import type { Result } from './harness/run-test.ts'

const results: Result[] = []
const onResult = (result: Result): number => results.push(result)
describeProtocol({ describe, it, version: 5, setup: mqttStacks, onResult })

checkColumn(5, results)
