export { blame, blameOf } from './blame.ts'
export { type ErrorCode, StackError } from './errors.ts'
