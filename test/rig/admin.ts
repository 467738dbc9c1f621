/** A broker with the API for operators on a free port, for tests. */
import type { AdminOptions } from '@mqtt-stack/admin'
import { Admin } from '@mqtt-stack/admin'
import type { Broker, BrokerOptions } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { ConnectOptions, TestClientOptions } from '@mqtt-stack/testing'
import { RecordingLogger, streamPair, TestClient, VirtualClock } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'

export const READER = 'a-token-that-reads'
export const OPERATOR = 'a-token-that-operates'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
  readonly body: any
}

export interface Asked {
  readonly method?: string
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Opened {
  readonly admin: Admin
  readonly broker: Broker
  readonly logger: RecordingLogger
  readonly url: string
  /** Where time is virtual. */
  readonly clock: VirtualClock | undefined
  /** Asks with the token of an operator unless it says otherwise. */
  ask(path: string, asked?: Asked): Promise<Answer>
  client(options: TestClientOptions & { readonly connect?: ConnectOptions }): Promise<TestClient>
}

/** Opens one; it is closed when the test ends. */
export async function openAdmin(
  options: AdminOptions = {},
  more: BrokerOptions = {},
  time: 'real' | 'virtual' = 'real',
): Promise<Opened> {
  const clock = time === 'virtual' ? new VirtualClock() : undefined
  const admin = new Admin({
    listen: '0',
    tokens: [
      { token: READER, role: 'read', name: 'reader' },
      { token: OPERATOR, role: 'operate', name: 'operator' },
    ],
    ...options,
  })
  const logger = new RecordingLogger()
  const broker = createBroker({
    admin,
    ...more,
    stack: { logger, ...(clock !== undefined && { clock }), ...more.stack },
  })
  await broker.start()
  onTestFinished(() => broker.close())
  const [url = ''] = admin.urls
  return {
    admin,
    broker,
    logger,
    url,
    clock,
    ask: (path, asked) => ask(`${url}${path}`, asked),
    async client({ connect, ...given }) {
      const [end, other] = streamPair()
      broker.stack.connect(other, { transport: 'memory', local: true, name: 'house' })
      const client = new TestClient(end, { patience: 10_000, ...given })
      await client.connect(connect)
      return client
    },
  }
}

export async function ask(url: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', token = 'token' in asked ? asked.token : OPERATOR, body, headers } = asked
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
