/**
 * `@mqtt-stack/acl`: says who may publish and subscribe to what, by rules in code or in a file.
 * @packageDocumentation
 */
export { Acl } from './acl.ts'
export type { Revoked } from './asking-again.ts'
export { ACL_OPTIONS, type AclOptions } from './options.ts'
export type { AclAction, AclRule, Rule } from './rule.ts'
