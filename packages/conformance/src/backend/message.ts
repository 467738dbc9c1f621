import { Buffer } from 'node:buffer'
import type { PublishPropertiesInit, QoS } from '@mqtt-stack/core'
import { Publish } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'

/** A message of a test. */
export interface MessageInit {
  /** `t` by default. */
  readonly topic?: string
  /** `x` by default. */
  readonly payload?: string | Uint8Array
  /** 1 by default. */
  readonly qos?: QoS
  readonly retain?: boolean
  readonly properties?: PublishPropertiesInit
}

export function makeMessage(init: MessageInit = {}): Publish {
  const { topic = 't', payload = 'x', qos = 1, retain = false, properties } = init
  return Publish.from({ topic, payload, qos, retain, properties })
}

/** The packet of it, as a device sends it. */
export function publishOf(init: MessageInit): Parameters<TestClient['send']>[0] {
  const { topic = 't', payload = 'x', qos = 1, retain = false } = init
  return { cmd: 'publish', topic, payload: Buffer.from(payload), qos, messageId: 1, dup: false, retain }
}
