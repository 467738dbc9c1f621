/** The dashboard in a real browser: every page, and what it may not do. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Acl } from '@mqtt-stack/acl'
import { PasswordAuth } from '@mqtt-stack/auth-password'
import type { BrokerOptions } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import { Metrics } from '@mqtt-stack/metrics'
import { RecordingLogger } from '@mqtt-stack/testing'
import { Tracing } from '@mqtt-stack/tracing'
import mqtt from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OPERATOR, READER } from '../../../test/rig/admin.ts'
import { openBrowser } from '../../../test/support/browser.ts'
import { needs } from '../../../test/support/needs.ts'
import { Admin } from './index.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Where screenshots for the documents go, where somebody wants them. */
const SHOTS = process.env.DASHBOARD_SHOTS

const ROOMS = ['hall', 'kitchen', 'cellar', 'roof']

const PAGES = [
  ['', 'Overview'],
  ['clients', 'Clients'],
  ['sessions', 'Sessions'],
  ['subscriptions', 'Subscriptions'],
  ['topics', 'Topics'],
  ['users', 'Users'],
  ['rules', 'Access rules'],
  ['bans', 'Bans'],
  ['stack', 'Stack'],
  ['trace', 'Live trace'],
  ['why', 'Explain & why'],
  ['client', 'MQTT client'],
  ['nodes', 'Cluster'],
  ['config', 'Configuration'],
] as const

beforeAll(() => {
  const built = new URL('../dashboard/index.html', import.meta.url)
  assert.ok(existsSync(built), 'the dashboard is not built: npm run build')
})

interface Shown {
  readonly url: string
  readonly mqttUrl: string
  readonly page: Page
  readonly browser: Browser
  /** Whether the broker listens to what is published for somebody who looks on. */
  heard(): boolean
  /** What the page's console said that it should not. */
  readonly complaints: string[]
}

/** A file that is gone with the test. */
function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** Users and rules that can be changed, and one rule that cannot. */
function withFiles(users: string, rules: string): NonNullable<BrokerOptions['use']> {
  const acl = new Acl({ rules: [{ deny: 'publish', topic: 'own' }], file: rules })
  return [
    { middleware: new PasswordAuth({ file: users }), after: 'authentication' },
    { middleware: acl, after: 'authentication' },
  ]
}

const HASH = `$7$101$c2FsdHNhbHQ=$${Buffer.alloc(64, 1).toString('base64')}`
const USERS = `# ours\njoe:${HASH}:staff\n`
const RULES = '# All of it.\nallow publish,subscribe,receive #\ndeny publish secret/#\n'

/** A broker that is in use, and a page that has signed in. */
async function show(
  token: string | null = OPERATOR,
  use: NonNullable<BrokerOptions['use']> = [new Tracing(), new Metrics()],
): Promise<Shown> {
  const admin = new Admin({
    listen: '0',
    tokens: [
      { token: READER, role: 'read', name: 'reader' },
      { token: OPERATOR, role: 'operate', name: 'operator' },
    ],
  })
  const broker = createBroker({
    admin,
    use,
    allowAnonymous: 'local',
    listeners: [
      { transport: 'tcp', port: 0 },
      { transport: 'ws', port: 0, origins: '*' },
    ],
    stack: { logger: new RecordingLogger() },
  })
  await broker.listen()
  onTestFinished(() => broker.close())
  const [tcp] = broker.addresses
  const mqttUrl = `mqtt://127.0.0.1:${tcp.port}`
  const lamp = await mqtt.connectAsync(mqttUrl, { clientId: 'lamp', reconnectPeriod: 0 })
  onTestFinished(() => void lamp.end(true))
  await lamp.subscribeAsync('plant/#', { qos: 1 })
  for (const room of ROOMS)
    await lamp.publishAsync(`plant/${room}/temperature`, '21.5', { qos: 1, retain: true })
  if (SHOTS !== undefined) keepBusy(lamp)
  const browser = await openBrowser()
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    permissions: ['local-network-access'],
  })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // The logger of this test has no level that could be asked for.
    const isOurs = message.location().url.endsWith('/api/log')
    if (message.type() === 'error' && !isOurs) complaints.push(`${message.text()} ${message.location().url}`)
  })
  const [url = ''] = admin.urls
  await page.goto(token === null ? url : `${url}/#token=${token}`)
  if (token !== null) await page.getByRole('button', { name: 'Sign out' }).waitFor()
  const heard = (): boolean => admin.messagePublished !== undefined
  return { url, mqttUrl, page, browser, heard, complaints }
}

/** Whatever pages can show. */
const all = (): NonNullable<BrokerOptions['use']> => [
  new Tracing(),
  new Metrics(),
  ...withFiles(file('users', USERS), file('rules', RULES)),
]

/** So that pictures show a broker at work. */
function keepBusy(client: mqtt.MqttClient): void {
  const timer = setInterval(() => {
    for (let i = 0; i < 50; i++)
      client.publish(`plant/${ROOMS[i % ROOMS.length]}/temperature`, String(20 + Math.random() * 5))
  }, 50)
  onTestFinished(() => clearInterval(timer))
}

async function open({ page, url }: Shown, path: string, title: string): Promise<void> {
  await page.goto(`${url}/#/${path}`)
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
}

describe('the dashboard', () => {
  it('shows every page, which says nothing wrong, and passes an accessibility check, light and dark', async (context) => {
    needs(context, 'chromium')
    const shown = await show(OPERATOR, all())
    const { page, complaints } = shown
    await page.getByText('may change things').waitFor()
    for (const [path, title] of PAGES) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await open(shown, path, title)
        await page.evaluate(AXE)
        const found = (await page.evaluate('axe.run()')) as {
          violations: { id: string; nodes: { html: string }[] }[]
        }
        const violations = found.violations.map(({ id, nodes }) => `${title}: ${id}: ${nodes[0].html}`)
        expect(violations).toEqual([])
      }
      if (SHOTS !== undefined) {
        await page.emulateMedia({ colorScheme: 'light' })
        mkdirSync(SHOTS, { recursive: true })
        // Charts and rates want some seconds.
        if (path === '' || path === 'stack') await page.waitForTimeout(10_000)
        await page.screenshot({ path: join(SHOTS, `${path || 'overview'}.png`) })
      }
    }
    expect(complaints).toEqual([])
  }, 120_000)

  it('fits a phone: nothing but tables is wider than the page', async (context) => {
    needs(context, 'chromium')
    const shown = await show(OPERATOR, all())
    await shown.page.setViewportSize({ width: 360, height: 740 })
    for (const [path, title] of PAGES) {
      await open(shown, path, title)
      const wider = await shown.page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect([title, wider]).toEqual([title, 0])
    }
  }, 60_000)

  it('asks for a token, says that one is wrong, and forgets it at the end', async (context) => {
    needs(context, 'chromium')
    const { page, url } = await show(null)
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('nobody here has that token').waitFor()
    await page.getByLabel('Token').fill(OPERATOR)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('may change things').waitFor()
    expect(page.url()).not.toContain(OPERATOR)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto(`${url}/#/clients`)
    await page.reload()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  }, 60_000)

  it('kicks a client, by keyboard alone', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, mqttUrl } = shown
    const pump = await mqtt.connectAsync(mqttUrl, { clientId: 'pump', reconnectPeriod: 0 })
    const gone = new Promise((resolve) => pump.once('close', () => resolve('gone')))
    await open(shown, 'clients', 'Clients')
    await page.getByLabel('Search client, user or address').fill('pump')
    await page.getByRole('link', { name: 'pump' }).press('Enter')
    await page.getByRole('button', { name: 'Kick' }).press('Enter')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    expect(await gone).toBe('gone')
  }, 60_000)

  it('shows one session, and takes a subscription away; lists who gets a topic', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, complaints } = shown
    await open(shown, 'subscriptions', 'Subscriptions')
    await page.getByLabel('Who gets this topic?').fill('other/topic')
    await page.getByText('No subscription fits on this page.').waitFor()
    await page.getByLabel('Who gets this topic?').fill('plant/x')
    await page.getByRole('link', { name: 'lamp' }).press('Enter')
    await page.getByRole('heading', { level: 2, name: 'lamp' }).waitFor()
    await page.getByRole('cell', { name: 'plant/#' }).waitFor()
    await page.getByRole('button', { name: 'End', exact: true }).press('Enter')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    await page.getByRole('cell', { name: 'plant/#' }).waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  }, 60_000)

  it('publishes a retained message, and clears it', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, complaints } = shown
    await open(shown, 'topics', 'Topics')
    await page.getByLabel('Topic', { exact: true }).fill('made')
    await page.getByLabel('Payload').fill('hello')
    await page.getByLabel('Retain').check()
    await page.getByRole('button', { name: 'Publish' }).press('Enter')
    const made = page.getByRole('listitem').filter({ hasText: 'hello' })
    await made.getByRole('button', { name: 'Clear' }).press('Enter')
    await made.getByRole('button', { name: 'Yes' }).press('Enter')
    // It may be shown as what was published last.
    await made.getByText('retained').waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  }, 60_000)

  it('shows what is published and not retained while one looks on, and asks for nothing else', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, mqttUrl, complaints, heard } = shown
    const pump = await mqtt.connectAsync(mqttUrl, { clientId: 'pump', reconnectPeriod: 0 })
    onTestFinished(() => void pump.end(true))
    await open(shown, 'topics', 'Topics')
    await page.getByText('retained, QoS 1').first().waitFor()
    await expect.poll(heard).toBe(true)
    await pump.publishAsync('pump/speed', 'slow', { qos: 1 })
    const speed = page.getByRole('listitem').filter({ hasText: 'speed' }).last()
    await speed.getByText('slow', { exact: true }).waitFor()
    await pump.publishAsync('pump/speed', 'fast', { qos: 1 })
    await speed.getByText('fast', { exact: true }).waitFor()
    expect(await page.getByText('slow', { exact: true }).count()).toBe(0)
    await speed.getByText('live, QoS 1, 4 bytes, 2 since you look on').waitFor()
    await open(shown, 'nodes', 'Cluster')
    await expect.poll(heard).toBe(false)
    await open(shown, 'topics', 'Topics')
    await page.getByText('retained, QoS 1').first().waitFor()
    expect(await page.getByText('fast', { exact: true }).count()).toBe(0)
    expect(complaints).toEqual([])
  }, 60_000)

  it('adds a user, who can log in then, changes it, and removes it', async (context) => {
    needs(context, 'chromium')
    const users = file('users', USERS)
    const shown = await show(OPERATOR, withFiles(users, file('rules', RULES)))
    const { page, mqttUrl, complaints } = shown
    const login = (password: string): Promise<mqtt.MqttClient> =>
      mqtt.connectAsync(mqttUrl, { username: 'ann', password, reconnectPeriod: 0 })
    await open(shown, 'users', 'Users')
    await page.getByRole('cell', { name: 'joe', exact: true }).waitFor()
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Password').fill('first-one')
    await page.getByLabel('Groups').fill('night, staff')
    await page.getByRole('button', { name: 'Add' }).press('Enter')
    await page.getByRole('status').getByText('ann was added.').waitFor()
    expect(await page.getByRole('row').filter({ hasText: 'ann' }).textContent()).toContain('night, staff')
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    const ann = await login('first-one')
    onTestFinished(() => void ann.end(true))
    const gone = new Promise((resolve) => ann.once('close', () => resolve('gone')))
    await page.getByRole('button', { name: 'Change ann' }).press('Enter')
    await page.getByRole('heading', { level: 2, name: 'Change ann' }).and(page.locator(':focus')).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.type('second-one')
    await page.getByRole('button', { name: 'Save' }).press('Enter')
    await page.getByRole('status').getByText('ann was changed.').waitFor()
    expect(readFileSync(users, 'utf8')).toMatch(/^# ours\njoe:[^\n]+:staff\nann:[^\n]+:night,staff\n$/)
    expect(await gone).toBe('gone')
    await expect(login('first-one')).rejects.toThrow('Connection refused: Bad username or password')
    const again = await login('second-one')
    onTestFinished(() => void again.end(true))
    await page.getByRole('button', { name: 'Remove ann' }).press('Enter')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    await page.getByRole('cell', { name: 'ann', exact: true }).waitFor({ state: 'detached' })
    await expect(login('second-one')).rejects.toThrow()
    await page.getByLabel('Name').fill('bob')
    await page.getByRole('button', { name: 'Add' }).press('Enter')
    await page.getByRole('alert').getByText('PasswordAuth: "bob" is new: give it a password').waitFor()
    // The console of a browser tells of every answer that is no success.
    expect(complaints.filter((one) => !/status of [45]\d\d/.test(one))).toEqual([])
  }, 60_000)

  it('adds an access rule, which decides then, moves it, and says that somebody else was before', async (context) => {
    needs(context, 'chromium')
    const rules = file('rules', RULES)
    const shown = await show(OPERATOR, withFiles(file('users', USERS), rules))
    const { page, mqttUrl, url } = shown
    const pump = await mqtt.connectAsync(mqttUrl, {
      clientId: 'pump',
      protocolVersion: 5,
      reconnectPeriod: 0,
    })
    onTestFinished(() => void pump.end(true))
    const publish = (): Promise<unknown> => pump.publishAsync('plant/roof/x', '1', { qos: 1 })
    await publish()
    await open(shown, 'rules', 'Access rules')
    const row = (place: number) => page.getByRole('row').nth(place)
    await row(1).getByText('can only be read: change it where it is from').waitFor()
    expect(await row(1).getByRole('button').count()).toBe(0)
    // None can stand before those of the configuration.
    expect(await page.getByRole('button', { name: 'Move rule 2 up' }).count()).toBe(0)
    await page.getByLabel('Rule', { exact: true }).fill('deny publish plant/roof/#')
    await page.getByLabel('Place').fill('2')
    await page.getByRole('button', { name: 'Add' }).press('Enter')
    await page.getByRole('status').getByText('The rule was added, and is at 2 now.').waitFor()
    await row(2).getByText('deny publish plant/roof/#').waitFor()
    await expect(publish()).rejects.toThrow()
    await page.getByRole('button', { name: 'Move rule 2 down' }).press('Enter')
    await page.getByRole('status').getByText('Rule 2 is at 3 now.').waitFor()
    await row(3).getByText('deny publish plant/roof/#').waitFor()
    // Who moves it by keyboard goes on.
    await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).toBe('Move rule 3 down')
    await publish()
    await page.getByRole('button', { name: 'Change rule 3' }).press('Enter')
    await page.getByLabel('Rule', { exact: true }).fill('deny publish plant/cellar/#')
    await page.getByRole('button', { name: 'Save' }).press('Enter')
    await row(3).getByText('deny publish plant/cellar/#').waitFor()
    await page.getByRole('button', { name: 'Remove rule 3' }).press('Enter')
    // Somebody else was before.
    const headers = { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' }
    const { version } = (await (await fetch(`${url}/api/rules/Acl`, { headers })).json()) as {
      version: string
    }
    const body = JSON.stringify({ version, text: 'allow publish early', to: 2 })
    expect((await fetch(`${url}/api/rules/Acl`, { method: 'POST', headers, body })).status).toBe(200)
    const before = readFileSync(rules, 'utf8')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    await page.getByRole('alert').getByText('Nothing was changed: the rules have changed since').waitFor()
    await row(2).getByText('allow publish early').waitFor()
    expect(readFileSync(rules, 'utf8')).toBe(before)
    await page.getByRole('button', { name: 'Remove rule 4' }).press('Enter')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    await page.getByRole('status').getByText('Rule 4 was removed.').waitFor()
    expect(readFileSync(rules, 'utf8')).not.toContain('cellar')
    await page.getByLabel('Rule', { exact: true }).fill('allow fly #')
    await page.getByRole('button', { name: 'Add' }).press('Enter')
    await page.getByRole('alert').getByText('unknown action "fly"').waitFor()
  }, 60_000)

  it('says why rules of code can only be read', async (context) => {
    needs(context, 'chromium')
    const acl = new Acl({
      rules: [
        { allow: 'publish', topic: '#' },
        { allow: 'subscribe', topic: '#' },
      ],
    })
    const shown = await show(OPERATOR, [{ middleware: acl, after: 'authentication' }])
    const { page } = shown
    await open(shown, 'rules', 'Access rules')
    await page
      .getByText('They can only be read here: these rules are of a configuration or of code')
      .waitFor()
    await page.getByRole('cell', { name: 'allow publish #' }).waitFor()
    for (const name of ['Add', 'Change', 'Remove', 'Up', 'Down'])
      expect(await page.getByRole('main').getByRole('button', { name }).count()).toBe(0)
    await open(shown, 'users', 'Users')
    await page.getByText('Nobody here has a list of users.').waitFor()
  }, 60_000)

  it('keeps somebody out, and lets it in again', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, mqttUrl, complaints } = shown
    const connect = (): Promise<mqtt.MqttClient> =>
      mqtt.connectAsync(mqttUrl, { clientId: 'pump', reconnectPeriod: 0 })
    const pump = await connect()
    const gone = new Promise((resolve) => pump.once('close', () => resolve('gone')))
    await open(shown, 'bans', 'Bans')
    await page.getByText('Nobody is kept out.').waitFor()
    await page.getByLabel('Who', { exact: true }).fill('pump')
    await page.getByLabel('For how long').selectOption('a day')
    await page.getByLabel('Reason').fill('too loud')
    await page.getByRole('button', { name: 'Ban' }).press('Enter')
    await page.getByText('Keep out the client pump, and close it now?').waitFor()
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    expect(await gone).toBe('gone')
    const row = page.getByRole('row').filter({ hasText: 'client pump' })
    await row.getByText('too loud').waitFor()
    expect(await row.textContent()).toMatch(/24 h|23 h/)
    await expect(connect()).rejects.toThrow()
    await page.getByRole('button', { name: 'Take away' }).press('Enter')
    await page.getByRole('button', { name: 'Yes' }).press('Enter')
    await page.getByText('Nobody is kept out.').waitFor()
    const back = await connect()
    back.end(true)
    expect(complaints).toEqual([])
  }, 60_000)

  it('offers a token that may only read nothing that is refused', async (context) => {
    needs(context, 'chromium')
    const shown = await show(READER, all())
    const { page } = shown
    const refused: string[] = []
    page.on('response', (response) => {
      if (response.status() === 403) refused.push(response.url())
    })
    const buttons = new Set<string>()
    for (const [path, title] of [
      ...PAGES,
      ['clients/lamp', 'Clients'],
      ['sessions/lamp', 'Sessions'],
    ] as const) {
      // The small client is one by MQTT: what it may do is not the token’s.
      if (path === 'client') continue
      await open(shown, path, title)
      await page.waitForLoadState('load')
      if (path === 'topics') await page.getByText('retained, QoS 1').first().waitFor()
      if (path.endsWith('/lamp')) await page.getByRole('heading', { level: 2, name: 'lamp' }).waitFor()
      if (path === 'config') await page.getByText('"transport"').first().waitFor()
      if (path === 'users') await page.getByRole('cell', { name: 'joe', exact: true }).waitFor()
      if (path === 'rules') await page.getByRole('cell', { name: 'deny publish secret/#' }).waitFor()
      for (const name of await page.getByRole('main').getByRole('button').allTextContents()) buttons.add(name)
      expect(await page.getByLabel('Log level').count()).toBe(0)
    }
    expect(refused).toEqual([])
    for (const name of [
      'Kick',
      'Ban for an hour',
      'End',
      'End the session',
      'Purge what waits',
      'Clear',
      'Publish',
      'Read it again',
      'Follow',
      'Add',
      'Change',
      'Remove',
      'Up',
      'Down',
      'Ban',
      'Take away',
    ])
      expect([...buttons]).not.toContain(name)
  }, 60_000)

  it('changes nothing with a token that may only read', async (context) => {
    needs(context, 'chromium')
    const shown = await show(READER)
    await shown.page.getByText('may look only').waitFor()
    await open(shown, 'clients/lamp', 'Clients')
    await shown.page.getByRole('heading', { level: 2, name: 'lamp' }).waitFor()
    expect(await shown.page.getByRole('button', { name: 'Kick' }).count()).toBe(0)
    await open(shown, 'trace', 'Live trace')
    await shown.page.getByText('a token is needed that may operate').waitFor()
  }, 60_000)

  it('follows a client, and says why a message did not come', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page, mqttUrl } = shown
    await open(shown, 'trace/pump', 'Live trace')
    await page.getByRole('button', { name: 'Follow' }).click()
    await page.getByText('following').waitFor()
    const pump = await mqtt.connectAsync(mqttUrl, { clientId: 'pump', reconnectPeriod: 0 })
    await pump.publishAsync('plant/x', '1', { qos: 1 })
    await page.getByText('topic=plant/x qos=1').first().waitFor()
    await open(shown, 'why/lamp', 'Explain & why')
    await page.getByLabel('Topic', { exact: true }).fill('Plant/x')
    await page.getByRole('button', { name: 'Why?' }).click()
    await page.getByText('none of the 1 filters of lamp matches Plant/x').waitFor()
    pump.end(true)
  }, 60_000)

  it('is a client itself, over WebSocket', async (context) => {
    needs(context, 'chromium')
    const shown = await show()
    const { page } = shown
    await open(shown, 'client', 'MQTT client')
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByText('connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Subscribe' }).click()
    await page.getByText('plant/hall/temperature').waitFor()
  }, 60_000)

  it('may not be asked by a page of another site', async (context) => {
    needs(context, 'chromium')
    const { browser, url } = await show(null, [])
    const page = await browser.newPage({ permissions: ['local-network-access'] })
    await page.route('http://other.example/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<p>other' }),
    )
    await page.goto('http://other.example/')
    const answer =
      await page.evaluate(`fetch('${url}/api/about', { headers: { authorization: 'Bearer ${OPERATOR}' } })
      .then((response) => response.status, (error) => error.name)`)
    expect(answer).toBe('TypeError')
    const framed = await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.onload = () => { try { resolve(String(frame.contentDocument === null)) } catch { resolve('true') } }
      frame.src = '${url}/'
      document.body.append(frame)
    })`)
    expect(framed).toBe('true')
  }, 60_000)
})
