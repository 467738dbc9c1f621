/** Statements of MQTT 5.0 that no test of a server can show, and why. */
import type { Unseen } from './unseen.ts'

export const UNSEEN_5_0: Unseen = {
  'MQTT-3.1.2-20': 'binds clients: how often they send PINGREQ; what a server does is MQTT-3.1.2-22',
  'MQTT-3.2.2-4': 'binds clients: what they do about a session that they do not know',
  'MQTT-3.2.2-5': 'binds clients: what they do when the server has lost their session',
  'MQTT-3.3.2-10': 'binds clients: which aliases they take; which a server may send is MQTT-3.3.2-11',
  'MQTT-3.3.4-8':
    'binds clients: what they send while their window is full; the server’s part is MQTT-3.3.4-10',
  'MQTT-4.5.0-2': 'binds clients: they acknowledge what they are sent',
  'MQTT-4.6.0-1': 'binds clients: the order in which they send again',
  'MQTT-4.6.0-2': 'binds clients: the order of their PUBACK packets',
  'MQTT-4.6.0-3': 'binds clients: the order of their PUBREC packets',
  'MQTT-4.6.0-4': 'binds clients: the order of their PUBREL packets',
  'MQTT-6.0.0-3': 'binds clients: which subprotocol they offer; what a server selects is MQTT-6.0.0-4',
}
