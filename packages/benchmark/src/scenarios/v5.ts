import { string } from '../mqtt/encode.ts'
import { flow } from './flow.ts'
import { pairs } from './layouts.ts'
import type { Scenario } from './scenario.ts'

function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x26), string(name), string(value)])
}

const TWO_USER_PROPERTIES = Buffer.concat([userProperty('unit', 'celsius'), userProperty('site', 'north-4')])

/** pair0 as 5.0 clients send it: with nothing of 5.0, with each of what costs, and with both. */
export const v5: readonly Scenario[] = [
  flow('v5plain', 'pair0 in MQTT 5.0 without properties', {
    layout: pairs(10),
    scenario: { version: 5, needs: ['v5'] },
  }),
  flow('v5alias', 'pair0 in MQTT 5.0 with a topic alias', {
    layout: pairs(10),
    alias: 1,
    scenario: { version: 5, needs: ['v5'] },
  }),
  flow('v5props', 'pair0 in MQTT 5.0 with two user properties', {
    layout: pairs(10),
    properties: TWO_USER_PROPERTIES,
    scenario: { version: 5, needs: ['v5'] },
  }),
  flow('v5', 'pair0 in MQTT 5.0 with a topic alias and two user properties', {
    layout: pairs(10),
    alias: 1,
    properties: TWO_USER_PROPERTIES,
    scenario: { version: 5, needs: ['v5'] },
  }),
]
