/** Pages in a real browser that talk MQTT by MQTT.js. */
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { programPath } from './needs.ts'

export const MQTT_JS = readFileSync(new URL('../../node_modules/mqtt/dist/mqtt.min.js', import.meta.url))

/** Chromium, which ends with the test; ask `needs(context, 'chromium')` before. */
export async function openBrowser(...args: readonly string[]): Promise<Browser> {
  const executablePath = programPath('chromium') as string
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] })
  onTestFinished(() => browser.close())
  return browser
}

/** How a page connects. */
export interface PageClient {
  /** Where the page is from, and what it holds; without `site` a server has to be there. */
  readonly origin: string
  readonly site?: string
  readonly url: string
  readonly topic: string
  /** Options of MQTT.js. */
  readonly options?: object
}

/** What becomes of a page's connection: the message that it published and received, or `refused`. */
export async function tryFromPage(browser: Browser, client: PageClient): Promise<unknown> {
  const { origin, site, url, topic, options } = client
  // The broker stands on this machine, which Chromium lets no page of another look into unasked.
  const page = await browser.newPage({ ignoreHTTPSErrors: true, permissions: ['local-network-access'] })
  if (site !== undefined)
    await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: site }))
  await page.goto(origin)
  if (site !== undefined) await page.addScriptTag({ content: String(MQTT_JS) })
  return page.evaluate(`new Promise((resolve) => {
    document.cookie = 'session=abc%20d'
    const client = mqtt.connect('${url}', ${JSON.stringify({ ...options, reconnectPeriod: 0 })})
    client.on('message', (topic, payload) => resolve(topic + ' ' + payload))
    client.on('error', () => {})
    client.on('close', () => resolve('refused'))
    client.on('connect', () => {
      client.subscribe('${topic}', { qos: 1 }, () => client.publish('${topic}', '21.5', { qos: 1 }))
    })
  })`)
}
