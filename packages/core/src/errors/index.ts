export { blame, blameOf } from './blame.ts'
export { type ErrorCode, isStackError, StackError } from './errors.ts'
export { fileProblem } from './file-problem.ts'
export { notStarted } from './not-started.ts'
