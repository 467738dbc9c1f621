/** Whoever answers a command moves no cursor of the terminal that it runs in. */
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { IPublishPacket, MqttClient } from 'mqtt'
import { expect, it, onTestFinished, test } from 'vitest'
import { Printer } from './client/printer.ts'
import { COMMANDS } from './index.ts'

/** Escape, the same as one character, a new line over an old one, and text that runs backwards. */
const EVIL = 'x\u001b[2J\u009b2J\r\u202e\u2028'
const SHOWN = 'x\\u001b[2J\\u009b2J\\u000d\\u202e\\u2028'
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const MOVES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

/** Answers as a broker does, and with what it likes. */
async function forger(status: number, type: string, body: string): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** All that a command says, and its error. */
async function said(url: string, command: string, ...args: string[]): Promise<string> {
  const out: string[] = []
  const write = (text: string | Uint8Array): unknown => out.push(String(text))
  const io = { stdin: Readable.from([]), stdout: { write }, stderr: { write }, env: {} }
  await COMMANDS[command].run([...args, '--url', url], io).catch((error: Error) => out.push(error.message))
  return out.join('')
}

const event = (kind: string, data: unknown): string => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`
const figures = { at: 0, clients: EVIL, published: 0, dropped: 0, refused: 0, rss: 0, loopMax: EVIL }
const STREAM = 'text/event-stream'
const JSON_TYPE = 'application/json'

it.each<[string[], number, string, string]>([
  [['ctl', 'clients'], 400, 'application/problem+json', JSON.stringify({ detail: EVIL, code: EVIL })],
  [['ctl', 'clients'], 200, JSON_TYPE, JSON.stringify({ items: [{ clientId: EVIL, pending: EVIL }] })],
  [['ctl', 'clients', '--json'], 200, JSON_TYPE, JSON.stringify({ items: [{ clientId: EVIL }] })],
  [['ctl', 'client', 'a'], 200, JSON_TYPE, JSON.stringify({ clientId: EVIL, will: { topic: EVIL } })],
  [
    ['why', '--topic', 'a', '--to', 'b'],
    200,
    JSON_TYPE,
    JSON.stringify([{ cause: EVIL, text: EVIL, middleware: EVIL }]),
  ],
  [
    ['ctl', 'explain', '--connect'],
    200,
    JSON_TYPE,
    JSON.stringify({ allowed: 0, who: EVIL, reason: EVIL, steps: [{ middleware: EVIL, answer: EVIL }] }),
  ],
  [['trace', '--client', 'a'], 200, STREAM, event('over', { why: EVIL })],
  [['trace', '--client', 'a'], 200, STREAM, event('dropped', { count: EVIL })],
  [
    ['trace', '--client', 'a'],
    200,
    STREAM,
    event('traffic', { at: 0, kind: 'in', clientId: EVIL, name: EVIL, fields: { [EVIL]: EVIL }, steps: [] }),
  ],
  [['top', '--seconds', '1'], 200, STREAM, event('figures', figures) + event('figures', figures)],
  [['top', '--json'], 200, STREAM, event('figures', figures)],
])('%s of a broker that is none shows %i %s %s', async ([command, ...args], status, type, body) => {
  const text = await said(await forger(status, type, body), command, ...args)
  expect(text).not.toBe('')
  expect(text).not.toMatch(MOVES)
})

it('says in JSON what was answered, whatever stands in it', async () => {
  const answer = { items: [{ clientId: EVIL }] }
  const url = await forger(200, JSON_TYPE, JSON.stringify(answer))
  expect(JSON.parse(await said(url, 'ctl', 'clients', '--json'))).toEqual(answer)
})

test.each([
  [true, `${SHOWN} ${SHOWN}\n\té\n`],
  [false, `${EVIL} ${EVIL}\n\té\n`],
])('sub shows a terminal (%s) what was published', (isTTY, shown) => {
  const out: string[] = []
  const stdout = { isTTY, write: (text: string | Uint8Array) => out.push(String(text)) }
  const io = { stdin: Readable.from([]), stdout, stderr: { write: () => {} }, env: {} }
  const options = { verbose: true, 'no-retained': false, 'no-newline': false }
  const client = new EventEmitter()
  new Printer('mqtt-stack sub', options, io).read(client as unknown as MqttClient)
  client.emit('message', EVIL, Buffer.from(`${EVIL}\n\té`), {} as IPublishPacket)
  expect(out.join('')).toBe(shown)
})
