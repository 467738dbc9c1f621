/** The dashboard in a real browser: every page, and what it may not do. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
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

/** A broker that is in use, and a page that has signed in. */
async function show(token: string | null = OPERATOR, use = true): Promise<Shown> {
  const admin = new Admin({
    listen: '0',
    tokens: [
      { token: READER, role: 'read', name: 'reader' },
      { token: OPERATOR, role: 'operate', name: 'operator' },
    ],
  })
  const broker = createBroker({
    admin,
    use: use ? [new Tracing(), new Metrics()] : [],
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
    const shown = await show()
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
    const shown = await show()
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
    await page.getByText('hello').waitFor({ state: 'detached' })
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

  it('offers a token that may only read nothing that is refused', async (context) => {
    needs(context, 'chromium')
    const shown = await show(READER)
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
    const { browser, url } = await show(null, false)
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
