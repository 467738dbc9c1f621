import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { describe, expect, test } from 'vitest'
import { COMPILERS, platformPath, RUNTIMES } from '../scripts/platforms.mjs'
import { root } from '../scripts/workspace.mjs'
import { exchange } from '../test/support/exchange.ts'
import { installedFolder } from '../test/support/installed.ts'
import { spawned } from '../test/support/spawned.ts'

const folder = installedFolder()

/** What `node scripts/platforms.mjs` installs; without it the test is skipped, but for CI, which installs it. */
function platform(context: TestContext, name: string, path: string): string {
  const found = platformPath(name, path)
  if (found !== undefined) return found
  const reason = `not installed: ${name} (node scripts/platforms.mjs)`
  if (process.env.CI && process.env.CI !== 'false') throw new Error(reason)
  return context.skip(reason)
}

test.for(Object.entries(RUNTIMES))('%s runs the broker as it is', async ([, runtime], context) => {
  const program = platform(context, runtime.package, runtime.program)
  const script = 'node_modules/@mqtt-stack/broker/dist/cli.js'
  const broker = spawned(program, [...runtime.args, script, '--port', '0', '--ws-port', '0'], { cwd: folder })
  const [tcp] = await broker.prints(/mqtt:[^"]+/)
  const [ws] = await broker.prints(/ws:[^"]+/)
  await exchange(tcp)
  await exchange(tcp, { protocolVersion: 5 }, 'joe/radio')
  await exchange(ws, undefined, 'joe/door')
  broker.child.kill('SIGTERM')
  expect(await broker.exited).toBe(0)
  expect(broker.stderr).toBe('')
})

/** What a user writes: a middleware of each form, a stack and a broker. */
const PROGRAM = `import { type Broker, createBroker } from '@mqtt-stack/broker'
import type { Client, Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { Middleware, Publish, Stack } from '@mqtt-stack/core'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { LmdbBackend, LmdbStore } from '@mqtt-stack/lmdb-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { Acl } from '@mqtt-stack/acl'
import { HttpAuth } from '@mqtt-stack/auth-http'
import { JwtAuth } from '@mqtt-stack/auth-jwt'
import { PasswordAuth } from '@mqtt-stack/auth-password'
import { RateLimit } from '@mqtt-stack/rate-limit'
import { VirtualClock } from '@mqtt-stack/testing'

class Mine extends Middleware<{ most?: number }> {
  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void {
    store.matched += ctx.topic.length
  }
}
const plain: MiddlewareLike = {
  name: 'Plain',
  clientConnected({ client }: { client: Client }) { client.close() },
}
const stack = new Stack({ clock: new VirtualClock() })
stack.use(new KeepAlive({ grace: 2 }), new Mine({ most: 2 }), plain, new MemoryBackend())
const broker: Broker = createBroker({ use: [plain], retainManager: false, backend: new MemoryBackend() })
export const providers = () => createBroker({
  use: [new Acl({}), new JwtAuth({ algorithms: ['HS256'], key: 'k' }), new HttpAuth({}), new PasswordAuth({ file: 'users' }), new RateLimit({})],
})
createBroker({ backend: new LmdbBackend({ path: 'data' }) })
console.log(LmdbStore.name)
broker.on('published', ({ packet }) => { const topic: string = packet.topic; console.log(topic) })
export const message: Publish = Publish.from({ topic: 'a', payload: String(stack) })
`

interface Setting {
  readonly moduleResolution: string
  readonly module: string
  readonly type: 'module' | 'commonjs'
}

const SETTINGS: readonly Setting[] = [
  { moduleResolution: 'nodenext', module: 'nodenext', type: 'module' },
  { moduleResolution: 'bundler', module: 'esnext', type: 'module' },
  { moduleResolution: 'node16', module: 'node16', type: 'module' },
  { moduleResolution: 'node10', module: 'commonjs', type: 'commonjs' },
]

/** Compiles {@link PROGRAM} in a folder of its own beside the installed packages; answers what the compiler says. */
function compile(compiler: string, name: string, type: string, compilerOptions: object): Promise<string> {
  const project = join(folder, name.replaceAll(/[^a-z0-9.]+/gi, '-'))
  mkdirSync(project)
  const config = { compilerOptions: { strict: true, noEmit: true, target: 'es2022', ...compilerOptions } }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type }))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(project, 'program.ts'), PROGRAM)
  return new Promise((resolve) => {
    execFile(process.execPath, [compiler, '-p', project], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}

/** The one that this repository is built with. */
const OWN = join(root, 'node_modules/typescript/bin/tsc')

describe.each([...Object.keys(COMPILERS), 'typescript'])('%s reads the types', (name) => {
  const compilerOf = (context: TestContext): string =>
    name === 'typescript' ? OWN : platform(context, name, 'bin/tsc')

  for (const { type, ...setting } of SETTINGS) {
    // TypeScript 7 knows node10 no more.
    if (name === 'typescript' && setting.moduleResolution === 'node10') continue
    test(`with ${setting.moduleResolution}`, async (context) => {
      const options = { ...setting, skipLibCheck: true }
      const said = await compile(compilerOf(context), `${name} ${setting.moduleResolution}`, type, options)
      expect(said).toBe('')
    })
  }
})

describe.each(['typescript-5.9', 'typescript'])('%s checks the types themselves', (name) => {
  const strictest = {
    moduleResolution: 'nodenext',
    module: 'nodenext',
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    isolatedModules: true,
  }

  test.for([
    ['with those of Node', ['node']],
    ['as `tsc --init` leaves them, with none', []],
  ] as const)('%s', async ([title, types], context) => {
    const compiler = name === 'typescript' ? OWN : platform(context, name, 'bin/tsc')
    expect(await compile(compiler, `${name} ${title}`, 'module', { ...strictest, types })).toBe('')
  })
})
