export { Stack } from './stack.ts'
