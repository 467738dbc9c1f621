import type { PublishPropertiesInit, QoS } from '@mqtt-stack/core'
import { Publish } from '@mqtt-stack/core'

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
