/** How many passwords are verified at a time where nobody says it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { PasswordAuth } from './index.ts'
import { verificationsAtATime } from './options.ts'

/** Takes long, as Mosquitto 2 keeps it. */
const SLOW = `$7$400000$c2FsdHNhbHQ=$${Buffer.alloc(64).toString('base64')}`

it('leaves a processor to the event loop', () => {
  expect([1, 2, 3, 4, 64].map(verificationsAtATime)).toEqual([1, 1, 2, 2, 2])
})

it('is what a broker does by default', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'password-auth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'users')
  writeFileSync(file, `alice:${SLOW}\n`, { mode: 0o600 })
  const users = new PasswordAuth({ file })
  const { broker, open, seconds } = broker5({
    use: [{ middleware: users, after: 'authentication' }],
    authorize: false,
  })
  await broker.start()
  for (let i = 0; i < 5; i++)
    open()
      .connect({ username: 'alice', password: 'x' })
      .catch(() => {})
  await seconds(0)
  const running = verificationsAtATime()
  expect(users.stats).toMatchObject({ running, waiting: 5 - running })
})
