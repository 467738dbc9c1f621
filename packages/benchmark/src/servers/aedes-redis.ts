/** Aedes with the Redis persistence and emitter of its own documentation, on one TCP listener. */
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import persistence from 'aedes-persistence-redis'
import emitter from 'mqemitter-redis'

const HOST = '127.0.0.1'
const [port, redisPort] = process.argv.slice(2).map(Number)
const redis = { host: HOST, port: redisPort }
const broker = await Aedes.createBroker({ persistence: persistence({ ...redis }), mq: emitter({ ...redis }) })
createServer(broker.handle).listen(port, HOST)
process.once('SIGTERM', () => process.exit(0))
