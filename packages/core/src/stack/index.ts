export { Chain } from './chain.ts'
export { Stack } from './stack.ts'
