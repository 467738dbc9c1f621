import type { OptionsSpec } from '@mqtt-stack/core'
import type { AclRule } from './rule.ts'

export interface AclOptions {
  rules?: readonly AclRule[]
  file?: string
}

export const ACL_OPTIONS: OptionsSpec<AclOptions> = {
  rules: {
    kind: 'any',
    optional: true,
    doc: 'Rules, in the order in which they decide: the first that fits. Without any, everything is denied.',
  },
  file: {
    kind: 'string',
    optional: true,
    doc: 'A file of rules, one a line, behind `rules`; or an ACL file of Mosquitto, alone. Read again when it changes.',
  },
}
