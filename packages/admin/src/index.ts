/**
 * `@mqtt-stack/admin`: HTTP for operators. Its routes are one table, from which `/openapi.json` is made.
 * @packageDocumentation
 */
/// <reference types="node" preserve="true" />
export { Admin } from './admin.ts'
export type { Field, Fields, JsonSchema, Read } from './http/fields.ts'
export { openApi } from './http/openapi.ts'
export { PROBLEMS, Problem, type ProblemCode } from './http/problem.ts'
export type { Method, Route } from './http/route.ts'
export type { ListenerState, Operator, ReloadReport } from './operator.ts'
export { ADMIN_OPTIONS, type AdminOptions } from './options.ts'
export { ROUTES } from './routes/index.ts'
export type { Role, TokenOptions } from './tokens.ts'
