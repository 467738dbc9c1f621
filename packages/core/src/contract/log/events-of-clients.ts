/** Lines about clients: who came, was refused, went, and what became of what it asked for. */

/** What is known of a connection stands behind each line about one. */
export const CLIENT_EVENTS = {
  'client.connected': {
    level: 'debug',
    text: '{clientId} connected from {from} ({transport})',
    fields: 'remote listener proxy origin version username',
    about: 'A connection was accepted.',
    act: 'Nothing.',
  },
  'client.refused': {
    level: 'info',
    text: 'client refused',
    fields: 'clientId remote transport listener proxy origin version username reasonCode cause',
    about: 'A connection was closed before it was accepted: by a listener, or by who looks at CONNECT.',
    act: '`cause` says why. One client again and again: mend its settings. Many addresses: somebody tries passwords; see rate-limit.',
  },
  'client.closed': {
    level: 'info',
    text: 'connection closed',
    fields: 'clientId remote transport listener proxy origin version username reasonCode cause',
    about:
      'The broker ended an accepted connection, or its stream broke: keep alive, a protocol error, a limit.',
    act: '`cause` says why. Keep alive: the network, or a client that hangs. A protocol error: mend the client.',
  },
  'client.taken-over': {
    level: 'info',
    text: 'session taken over',
    fields: 'clientId remote transport listener proxy origin version username reasonCode cause',
    about: 'A connection was closed because another one came with its client identifier.',
    act: 'Nothing where a client came back by another network. Again and again: two clients have one identifier; give each its own.',
  },
  'client.disconnected': {
    level: 'debug',
    text: '{clientId} disconnected',
    fields: 'remote transport listener proxy origin version username reasonCode',
    about: 'A client said that it goes.',
    act: 'Nothing.',
  },
  'client.lost': {
    level: 'debug',
    text: '{clientId} was lost',
    fields: 'remote transport listener proxy origin version username reasonCode cause',
    about: 'A connection ended without a DISCONNECT, and the broker did not end it, or because it stops.',
    act: 'Nothing. Often for one client: its network.',
  },
  'client.slowed': {
    level: 'info',
    text: 'client slowed',
    fields: 'clientId remote transport username cause',
    about: 'A client sends more than a limit allows, and is read more slowly; told once a minute and client.',
    act: '`cause` names the limit: raise it for this client, or have it send less.',
  },
  'client.broke-protocol': {
    level: 'debug',
    text: '{clientId} {cause}',
    about: 'A client sent what the standard forbids. Its end is told by `client.refused` or `client.closed`.',
    act: 'Mend the client.',
  },
  'client.subscribed': {
    level: 'debug',
    text: '{clientId} subscribed to {topic} at QoS {qos}',
    about: 'A topic filter was granted.',
    act: 'Nothing.',
  },
  'client.unsubscribed': {
    level: 'debug',
    text: '{clientId} is not subscribed to {topic} any more',
    about: 'A topic filter was given up.',
    act: 'Nothing.',
  },
  'subscription.refused': {
    level: 'info',
    text: 'subscription refused',
    fields: 'clientId remote transport listener proxy origin version username topic reasonCode cause',
    about: 'A topic filter was refused: by access rules, by a limit, or because it is wrong.',
    act: '`cause` says why; `mqtt-stack explain` says which rule.',
  },
  'subscription.failed': {
    level: 'warn',
    text: 'a subscription of "{clientId}" is refused: {cause}',
    fields: 'topic',
    about: 'The service’s store did not take a subscription.',
    act: 'Look after the store: see `store.unreachable`. The client may ask again.',
  },
  'subscription.ended': {
    level: 'info',
    text: 'a subscription ended: {cause}',
    fields: 'clientId topic',
    about: 'Access rules, or the groups of a user, have changed, and do not allow a subscription any more.',
    act: 'Nothing, where the rules are as you want them.',
  },
  'subscription.regranted': {
    level: 'info',
    text: 'a subscription goes on with QoS {qos} in place of {before}',
    fields: 'clientId topic',
    about: 'Access rules have changed, and allow another QoS.',
    act: 'Nothing.',
  },
  'publish.refused': {
    level: 'info',
    text: 'not authorized',
    fields: 'clientId username action topic cause',
    about: 'Access rules do not allow a message that a client published.',
    act: '`cause` names the rule; `mqtt-stack explain` says more.',
  },
  'message.published': {
    level: 'debug',
    text: '{publisher} published {bytes} bytes to {topic} at QoS {qos} for {receivers}',
    fields: 'clientId retain',
    about:
      'A message was relayed. Those that the broker itself publishes to control topics (`$SYS`) have no line of their own.',
    act: 'Nothing.',
  },
  'message.dropped': {
    level: 'info',
    text: 'messages dropped',
    fields: 'clientId remote transport listener proxy origin version username count cause',
    about:
      'Messages to a client, or of one, were dropped: told at most once a second and client, with their number.',
    act: '`cause` says why. `full`: the client is too slow for QoS 0. `log-full`: it is away for longer than its queue lasts.',
  },
} as const
