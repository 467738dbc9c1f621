/** CONNACK for a client whose session is open, with what every middleware says in it (5.0). */
import type { Client, ConnackPacket, ConnectPacket, Stack, Steps } from '@mqtt-stack/core'
import { ConnackProperties, ReasonCode } from '@mqtt-stack/core'

/** Writes CONNACK; false when the client has gone, or takes no packet as large as that. */
export function* writeConnack(
  stack: Stack,
  client: Client,
  packet: ConnectPacket,
  present: boolean,
): Steps<boolean> {
  const properties = yield* connackProperties(stack, client, packet, present)
  if (client.closed) return false
  // The byte of session present was reserved in 3.1.
  const sessionPresent = present && client.protocolVersion > 3
  if (!client.tryWrite({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent, properties })) {
    stack.closeClient(client, ReasonCode.PACKET_TOO_LARGE, 'CONNACK is larger than the client takes')
    return false
  }
  client.accept()
  return true
}

/** What every middleware says in it (5.0). */
function* connackProperties(
  stack: Stack,
  client: Client,
  packet: ConnectPacket,
  sessionPresent: boolean,
): Steps<ConnackPacket['properties']> {
  if (client.protocolVersion !== 5) return undefined
  const store = new ConnackProperties()
  const { expiryInterval } = client.session
  const asked = packet.properties?.sessionExpiryInterval ?? 0
  if (expiryInterval !== asked) store.set('sessionExpiryInterval', expiryInterval)
  yield stack.run('lookupConnackProperties', { client, packet, sessionPresent }, store)
  // For those alone who asked for it [MQTT-3.1.2-28].
  if (!client.settings.requestResponseInformation) delete store.values.responseInformation
  // By the standard what is not said is available.
  if (store.values.retainAvailable === true) delete store.values.retainAvailable
  else store.values.retainAvailable = false
  return store.values
}
