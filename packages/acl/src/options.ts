import type { OptionsSpec } from '@mqtt-stack/core'
import type { AclRule } from './rule.ts'
import { ACTIONS } from './rule.ts'

export interface AclOptions {
  rules?: readonly AclRule[]
  file?: string
  listeners?: readonly string[]
}

/** One value or several, as a rule in a configuration has them. */
const some = (items: object): object => ({ anyOf: [items, { type: 'array', items, minItems: 1 }] })
const text = some({ type: 'string' })

/** A rule in a configuration: the JSON Schema of {@link AclRule}. */
const RULE = {
  type: 'object',
  additionalProperties: false,
  required: ['topic'],
  properties: {
    allow: { ...some({ enum: ACTIONS }), description: 'What it allows.' },
    deny: { ...some({ enum: ACTIONS }), description: 'What it denies.' },
    topic: {
      ...text,
      description: 'Topic filters; %u, %c and %g stand for user, client identifier and each group.',
    },
    user: { ...text, description: 'For these users alone.' },
    group: { ...text, description: 'For users of these groups alone.' },
    client: { ...text, description: 'For these client identifiers alone.' },
    address: { ...text, description: 'For clients of these addresses alone: 192.0.2.7, 10.0.0.0/8.' },
    listener: { ...text, description: 'For clients of the listeners with these names alone.' },
    anonymous: { type: 'boolean', description: 'For clients that nobody knows by name alone.' },
    qos: { enum: [0, 1, 2], description: 'The highest QoS that it allows.' },
    retain: { type: 'boolean', description: 'For retained messages alone, or for those alone that are not.' },
  },
}

export const ACL_OPTIONS: OptionsSpec<AclOptions> = {
  rules: {
    kind: 'any',
    optional: true,
    schema: { type: 'array', items: RULE },
    doc: 'Rules, in the order in which they decide: the first that fits. Without any, everything is denied.',
  },
  file: {
    kind: 'string',
    format: 'path',
    optional: true,
    doc: 'A file of rules, one a line, behind `rules`; or an ACL file of Mosquitto, alone. Read again when it changes.',
  },
  listeners: {
    kind: 'any',
    optional: true,
    schema: false,
    doc: 'Names of the listeners that there are: a rule of the file for another one is an error. Without it any name will do. A configuration has those of its listeners.',
  },
}
