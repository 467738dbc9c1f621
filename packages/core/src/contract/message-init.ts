import { StackError } from '../errors/index.ts'
import type { PublishInit } from '../packets/index.ts'
import type { OptionsSpec } from './options.ts'
import { resolveOptions } from './options.ts'

const QOS: readonly unknown[] = [0, 1, 2]

const PARTS: OptionsSpec<PublishInit> = {
  topic: { kind: 'string', doc: 'the topic name' },
  payload: { kind: 'any', optional: true, doc: 'text or bytes' },
  qos: { kind: 'number', choices: QOS, optional: true, doc: 'quality of service' },
  retain: { kind: 'boolean', optional: true, doc: 'whether it is retained' },
  dup: { kind: 'boolean', optional: true, doc: 'whether it was sent before' },
  packetId: { kind: 'number', optional: true, doc: 'packet identifier' },
  properties: { kind: 'any', optional: true, doc: 'properties of 5.0' },
}

/**
 * Checks a message that a program gives: its parts by name and kind. What is right costs a few comparisons.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, naming the part.
 */
export function checkMessage(owner: string, message: PublishInit): void {
  if (isRight(message)) return
  resolveOptions(owner, message, PARTS)
  if (isPayload(message.payload)) return
  const given = JSON.stringify(message.payload)
  throw new StackError(
    'OPTION_INVALID',
    `${owner}: option "payload" must be text or bytes, not ${given}: make it text with JSON.stringify`,
  )
}

function isRight(message: PublishInit): boolean {
  for (const key in message) if (!Object.hasOwn(PARTS, key)) return false
  const { topic, payload, qos = 0, retain = false, dup = false, packetId = 0 } = message
  return (
    typeof topic === 'string' &&
    isPayload(payload) &&
    QOS.includes(qos) &&
    typeof retain === 'boolean' &&
    typeof dup === 'boolean' &&
    typeof packetId === 'number'
  )
}

function isPayload(payload: unknown): boolean {
  return payload === undefined || typeof payload === 'string' || payload instanceof Uint8Array
}
