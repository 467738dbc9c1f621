import { string } from '../mqtt/encode.ts'
import { flow } from './flow.ts'
import { pairs } from './layouts.ts'
import type { Scenario } from './scenario.ts'

function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x26), string(name), string(value)])
}

/** pair0 as a 5.0 client would send it. */
export const v5: Scenario = flow('v5', 'pair0 in MQTT 5.0 with a topic alias and two user properties', {
  layout: pairs(10),
  alias: 1,
  properties: Buffer.concat([userProperty('unit', 'celsius'), userProperty('site', 'north-4')]),
  scenario: { version: 5, needs: ['v5'] },
})
