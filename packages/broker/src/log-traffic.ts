/** What the command logs at `debug`: who comes and goes, subscribes and publishes. */
import type { Logger, Publisher } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'

export function logTraffic(broker: Broker, logger: Logger): void {
  broker.on('clientConnected', ({ client: { id, listener } }) => {
    logger.debug(`${id} connected from ${listener.remote ?? 'this machine'} (${listener.transport})`)
  })
  broker.on('clientDisconnected', ({ client: { id }, clean }) => {
    logger.debug(`${id} ${clean ? 'disconnected' : 'was lost'}`)
  })
  broker.on('subscribed', ({ client: { id }, topic, qos }) =>
    logger.debug(`${id} subscribed to ${topic} at QoS ${qos}`),
  )
  broker.on('unsubscribed', ({ clientId, topic }) =>
    logger.debug(`${clientId} is not subscribed to ${topic} any more`),
  )
  broker.on('published', ({ client, publisher, packet: { topic, qos, payloadLength }, relayed }) => {
    const who = client?.id ?? whose(publisher)
    logger.debug(`${who} published ${payloadLength} bytes to ${topic} at QoS ${qos} for ${relayed.matched}`)
  })
}

/** A message that came over no connection. */
function whose({ clientId }: Publisher): string {
  return clientId === '' ? 'the broker' : `the will of ${clientId}`
}
