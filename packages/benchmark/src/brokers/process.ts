import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transport } from '../load/wire.ts'
import { BROKER_CORE, pinned } from '../pin.ts'
import type { Broker } from './broker.ts'
import { createCertificate } from './certificate.ts'
import { accepts, freePorts } from './ports.ts'

export interface RunningBroker {
  readonly pid: number
  readonly port: number
  /** Of all nodes; the first is `port`. */
  readonly nodePorts: readonly number[]
  stop(): Promise<void>
}

const START_MS = 10_000
const STOP_MS = 5000
const TOLD = 2000

/** Starts a broker afresh on a free port and resolves once it accepts connections. */
export async function startBroker(
  broker: Broker,
  transport: Transport,
  pin: boolean,
  nodes = 1,
): Promise<RunningBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'mqtt-stack-bench-'))
  const [sparePort, ...nodePorts] = await freePorts(1 + nodes)
  const [port] = nodePorts
  const cert = join(directory, 'cert.pem')
  const key = join(directory, 'key.pem')
  if (transport === 'tls') {
    const made = createCertificate('localhost')
    writeFileSync(cert, made.cert)
    writeFileSync(key, made.key)
  }
  const command = broker.command({ transport, port, nodePorts, sparePort, directory, cert, key })
  const { file, args } = pinned(command, BROKER_CORE, pin)
  // A process group of its own: a peer's command may start more than one process.
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const said = listenTo(child)
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code, signal) => (failure ??= `ended with ${signal ?? code}`))
  const onExit = (): void => {
    signalGroup(child, 'SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', onExit)

  async function stop(): Promise<void> {
    await stopGroup(child)
    process.off('exit', onExit)
    rmSync(directory, { recursive: true, force: true })
  }

  const end = Date.now() + START_MS
  while (!(await allAccept(nodePorts))) {
    if (failure !== undefined || Date.now() > end) {
      await stop()
      throw new Error(`${broker.name} did not start: ${failure ?? 'nobody listens'}\n${said()}`)
    }
    await pause(20)
  }
  return { pid: child.pid!, port, nodePorts, stop }
}

async function allAccept(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(accepts))).every(Boolean)
}

/** Keeps the end of what it says on stderr, for the case that it does not start. */
function listenTo(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => (text = (text + more).slice(-TOLD)))
  return () => text
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS)
  signalGroup(child, 'SIGTERM')
  await gone
  clearTimeout(timer)
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It ended by itself meanwhile.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
