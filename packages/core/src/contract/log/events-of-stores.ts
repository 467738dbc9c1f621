/** Lines about what is kept, and about the nodes that keep it together. */
export const STORE_EVENTS = {
  'store.opened': {
    level: 'info',
    text: '{owner}: sessions and messages are kept in {path}, on the disk {when}',
    about: 'A durable store is open.',
    act: 'Nothing.',
  },
  'store.set-aside': {
    level: 'error',
    text: '{owner}: {file}: {cause}: it is {aside} now, and an empty store takes its place',
    about: 'The store was damaged.',
    act: 'Put a copy of it back, or go on with the empty one.',
  },
  'store.failed': {
    level: 'error',
    text: '{cause}; QoS 1 and 2 are refused until it can',
    about: 'The store cannot write: mostly a full disk.',
    act: 'Make room, or mend what the cause names. The broker tries again by itself.',
  },
  'store.recovered': {
    level: 'info',
    text: 'the store commits again',
    about: '`store.failed` is over.',
    act: 'Nothing.',
  },
  'store.unreachable': {
    level: 'error',
    text: 'the store is out of reach: {cause}; QoS 1 and 2 wait and are then refused',
    about: 'The shared store does not answer.',
    act: 'Look after Redis and the network to it. The broker tries again by itself.',
  },
  'store.reachable': {
    level: 'info',
    text: 'the store is in reach again',
    about: '`store.unreachable` is over.',
    act: 'Nothing.',
  },
  'store.lacks': {
    level: 'warn',
    text: '{owner}: {store} {lack}',
    about:
      'The shared store is set so that it does not promise what the broker does, or has a master that did not take over.',
    act: 'Set it as the line says.',
  },
  'wills.unkept': {
    level: 'warn',
    text: 'the backend keeps no wills: one that asks for a delay is published at once',
    about: 'The backend does not answer `lookupDueWills`.',
    act: 'Use a backend that does.',
  },
  'pingreq.unhandled': {
    level: 'warn',
    text: 'nobody handles PINGREQ: clients that fall silent stay, and those that ask get no answer (KeepAlive)',
    about: 'There is no keepalive in the stack.',
    act: 'Add it.',
  },
  'node.joined': {
    level: 'info',
    text: 'this broker is the node {node} of a service that has {count} now',
    about: 'The broker has joined the service of its shared store.',
    act: 'Nothing; where others should be there: look whether they have the same store and prefix.',
  },
  'node.rejoined': {
    level: 'info',
    text: 'the node has joined its service again',
    about: '`node.lost` is over.',
    act: 'Nothing.',
  },
  'node.join-failed': {
    level: 'error',
    text: 'the node cannot join its service: {cause}',
    about: 'A node that had lost its lease cannot come back yet. It goes on trying.',
    act: 'Look after the shared store.',
  },
  'node.lost': {
    level: 'error',
    text: 'the node {node} has lost its lease: {cause}; it joins anew',
    about:
      'The node was out of reach of the store for longer than its lease: its connections are closed, and others take its sessions.',
    act: 'Look after the network to the shared store, and whether the process had to wait.',
  },
  'node.dead': {
    level: 'info',
    text: 'the node {node} is dead: its sessions come here',
    about: 'Another node does not renew its lease; this one takes its sessions.',
    act: 'Start that node again, or leave it.',
  },
  'node.adopted': {
    level: 'info',
    text: 'the sessions of the node {node} are here',
    about: 'All sessions of a dead node are at home here.',
    act: 'Nothing.',
  },
  'node.adopt-failed': {
    level: 'error',
    text: 'the sessions of the node {node} cannot come here now: {cause}',
    about: 'It is tried again.',
    act: 'Look after the shared store.',
  },
  'node.silent': {
    level: 'error',
    text: 'the node {node} is not in service: {missing} did not answer it, and it asks again',
    about:
      'A node that joins, or is back, acknowledges nothing before all nodes that are alive have told it what their clients subscribed to.',
    act: 'Look whether those nodes hang, or are of another version; start them again.',
  },
  'node.unheard': {
    level: 'error',
    text: 'the node {node} goes on without the routes of {missing}, which nobody has told it',
    about:
      'Nodes are dead and were not taken over in time: messages from here may not reach their stored sessions.',
    act: 'Look in the log of all nodes for why what they left cannot be taken (`node.adopt-failed`).',
  },
  'node.full': {
    level: 'error',
    text: 'the node {node} does not read what is sent to it: {waiting} bytes wait, and messages of QoS 1 and 2 for its clients are refused (inboxBytes)',
    about:
      'A node is dead and not taken over yet, or slower than what comes for its clients: what waits for it in the shared store has reached its bound.',
    act: 'Look whether that node hangs or has too much to do. If it always comes back under load: more nodes, or a larger `inboxBytes` where the store has the memory.',
  },
  'node.has-room': {
    level: 'info',
    text: 'the node {node} reads what is sent to it again',
    about: '`node.full` is over.',
    act: 'Nothing.',
  },
  'node.protocol': {
    level: 'error',
    text: 'the node {node} speaks protocol {theirs}, and this one knows {ours}',
    about: 'Nodes of versions that do not understand each other.',
    act: 'Bring them to one version.',
  },
  'node.frame-failed': {
    level: 'error',
    text: 'what another node sent could not be applied: {cause}',
    about: 'Something between nodes is lost.',
    act: 'Report it, with the stack trace.',
  },
  'session.unreleased': {
    level: 'warn',
    text: 'the directory still has the session of "{clientId}" here: {cause}',
    about: 'A session has ended, and the directory of the service could not be told.',
    act: 'Nothing: it is found when the client comes back.',
  },
  'session.not-taken': {
    level: 'error',
    text: 'the session of "{clientId}" cannot come here: {cause}',
    about: 'A session could not move to this node.',
    act: 'The client tries again. If it stays: report it.',
  },
  'session.not-handed-over': {
    level: 'error',
    text: 'the session of "{clientId}" stays here: {cause}',
    about: 'A session could not move to another node.',
    act: 'The client tries again. If it stays: report it.',
  },
  'clock.differs': {
    level: 'warn',
    text: "this machine's clock is {seconds} s {which} that of the store; sessions and messages go by the store's",
    about: 'The clocks of this machine and of the shared store differ.',
    act: 'Set them (NTP).',
  },
} as const
