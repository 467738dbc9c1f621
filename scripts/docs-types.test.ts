import { describe, expect, it } from 'vitest'
import { callbackTypes, handlerDoc } from './docs-types.mjs'

describe('the types of callbacks', () => {
  it('say what a callback is, who executes it and who answers it', () => {
    const openSession = callbackTypes().get('openSession')
    expect(openSession?.doc).toMatch(/^The only way into a session/)
    expect([openSession?.by, openSession?.answered]).toEqual(['session-manager', 'backend'])
  })

  it('are shown by editors at a handler in a middleware', () => {
    expect(handlerDoc('openSession')).toBe(callbackTypes().get('openSession')?.doc)
  })
})
