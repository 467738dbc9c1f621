import { describe, expect, it } from 'vitest'
import { commandBroker } from './command.ts'
import { accepts } from './ports.ts'
import { startBroker } from './process.ts'

const LISTENER = `require('net').createServer().listen(+process.argv[1], '127.0.0.1')`

describe('a broker of a run', () => {
  it('is ready when it accepts connections and gone when stopped', async () => {
    const running = await startBroker(commandBroker(`node -e "${LISTENER}" {port}`), 'tcp', false)
    expect(await accepts(running.port)).toBe(true)
    await running.stop()
    expect(await accepts(running.port)).toBe(false)
    expect(() => process.kill(running.pid, 0)).toThrow('ESRCH')
  })

  it('that ends at once is an error with what it said', async () => {
    const broker = commandBroker('node -e "console.error(42);process.exit(3)" {port}')
    await expect(startBroker(broker, 'tcp', false)).rejects.toThrow(/ended with 3\n42/)
  })
})
