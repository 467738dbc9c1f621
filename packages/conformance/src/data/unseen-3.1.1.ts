/** Statements of MQTT 3.1.1 that no test of a server can show, and why. */
import type { Unseen } from './unseen.ts'

export const UNSEEN_3_1_1: Unseen = {
  'MQTT-2.3.1-2': 'binds clients: how they choose identifiers; the server’s part is MQTT-2.3.1-4',
  'MQTT-2.3.1-3': 'binds clients: with which identifier they send again; the server’s part is MQTT-2.3.1-4',
  'MQTT-3.1.2-23': 'binds clients: how often they send PINGREQ; what a server does is MQTT-3.1.2-24',
  'MQTT-3.14.4-1': 'binds clients: they close behind DISCONNECT',
  'MQTT-3.14.4-2': 'binds clients: they send nothing behind DISCONNECT',
  'MQTT-4.5.0-2': 'binds clients: they acknowledge what they are sent',
  'MQTT-4.8.0-2': 'an error that passes, such as a full memory, cannot be brought about from outside',
  'MQTT-7.0.0-1': 'is about a server’s own connections to other servers, which nobody outside sees',
  'MQTT-7.1.2-1': 'binds clients: which transports they have',
}
