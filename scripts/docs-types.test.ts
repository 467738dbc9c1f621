import { describe, expect, it } from 'vitest'
import { callbackTypes, handlerDoc, oneTag } from './docs-types.mjs'

describe('the types of callbacks', () => {
  it('say what a callback is, who executes it and who answers it', () => {
    const openSession = callbackTypes().get('openSession')
    expect(openSession?.doc).toMatch(/^The only way into a session/)
    expect([openSession?.by, openSession?.answered]).toEqual(['session-manager', 'backend'])
  })

  it('have one line of a tag: two are refused', () => {
    expect(oneTag('relayMessage', 'executedBy', ['lastwill,\n  admin'])).toBe('lastwill, admin')
    expect(oneTag('relayMessage', 'executedBy', [])).toBe('')
    expect(() => oneTag('relayMessage', 'executedBy', ['lastwill', 'admin'])).toThrow(
      'relayMessage has @executedBy 2 times: make it one line',
    )
  })

  it('are shown by editors at a handler in a middleware', () => {
    expect(handlerDoc('openSession')).toBe(callbackTypes().get('openSession')?.doc)
  })
})
