import { aedes } from './aedes.ts'
import type { Broker } from './broker.ts'
import { mosquitto, mosquittoNoDelay } from './mosquitto.ts'
import { mqttStack } from './mqtt-stack.ts'
import { relay } from './relay.ts'

/** In the order of the columns: the subject first, the limit last. */
export const brokers: readonly Broker[] = [mqttStack, aedes, mosquitto, mosquittoNoDelay, relay]
