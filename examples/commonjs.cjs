// CommonJS, in the order of mqtt-stack's first README, where the backend comes first: `node commonjs.cjs 1883`
const net = require('node:net')
const mqttStack = require('@mqtt-stack/broker')

const stack = new mqttStack.Stack()

stack.use(new mqttStack.MemoryBackend())
stack.use(new mqttStack.Connection())
stack.use(new mqttStack.KeepAlive())
stack.use(new mqttStack.LastWill())
stack.use(new mqttStack.OutboundManager())
stack.use(new mqttStack.SessionManager())
stack.use(new mqttStack.SubscriptionManager())
stack.use(new mqttStack.InboundManager())
stack.use(new mqttStack.RetainManager())

const server = net.createServer(stack.handler())
server.listen(Number(process.argv[2] ?? 1883), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
