/** Nothing that a client chooses becomes a label, or a line of what is handed out. */
import { settle } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'

/** What would forge a line, a label or a number if it got there. */
const HOSTILE = [
  'x"} 1 mqtt_clients_connected 99 #',
  'a\\',
  '__name__',
  'evil{label="value"}',
  'é€😀',
  'x'.repeat(200),
]
const LINE = /^(?:#.*|[a-zA-Z_:][\w:]*(?:\{(?:\w+="[^"\\\n]*",?)*\})? (?:[-+\d.e]+|NaN|[+-]Inf))$/

it('clients name themselves, topics, filters and users as they like: series and their number stay the same', async () => {
  const { client, families, metrics, seconds, everybodyIs } = metered({ sysInterval: 1_000 })
  everybodyIs('evil"} user')
  /** Fills every place that a client may fill. */
  const act = async (name: string): Promise<void> => {
    const topic = name.replaceAll(/[#+]/g, '.')
    const one = await client({ clientId: name, username: name, will: { topic: `w/${topic}`, payload: name } })
    await one.subscribe([topic, `$share/${topic}/${topic}`])
    await one.publish(topic, name, { retain: true, properties: { userProperties: { [name]: name } } })
    await one.publish(`$SYS/${topic}`, name)
    await settle()
    await one.drop()
    await seconds(2)
  }
  const series = async (): Promise<string[]> => {
    const ours = (await families()).filter(({ name }) => !/^(process|nodejs)_/.test(name))
    return ours.flatMap(({ name, samples }) => samples.map(({ labels }) => JSON.stringify([name, labels])))
  }
  await act('usual')
  const before = await series()
  for (const name of HOSTILE) await act(name)
  expect(await series()).toEqual(before)
  const text = await metrics.text()
  for (const name of [...HOSTILE, 'evil']) expect(text).not.toContain(name)
  expect(text.split('\n').filter((line) => line !== '' && !LINE.test(line))).toEqual([])
})
