/** Aedes with the Redis persistence and emitter of its own documentation, on one TCP listener. */
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import persistence from 'aedes-persistence-redis'
import emitter from 'mqemitter-redis'

const [port, url] = process.argv.slice(2)
const broker = await Aedes.createBroker({
  persistence: persistence({ conn: url }),
  mq: emitter({ connectionString: url }),
})
createServer(broker.handle).listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
