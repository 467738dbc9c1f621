// A broker on a server of your own: `node net-server.mjs 1883`
import { createServer } from 'node:net'
import {
  Connection,
  InboundManager,
  KeepAlive,
  LastWill,
  MemoryBackend,
  OutboundManager,
  RetainManager,
  SessionManager,
  Stack,
  SubscriptionManager,
} from '@mqtt-stack/broker'

const stack = new Stack()
stack.use(new Connection(), new KeepAlive(), new LastWill(), new OutboundManager(), new SessionManager())
stack.use(new SubscriptionManager(), new InboundManager(), new RetainManager(), new MemoryBackend())

const server = createServer(stack.handler())
server.listen(Number(process.argv[2] ?? 1883), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
