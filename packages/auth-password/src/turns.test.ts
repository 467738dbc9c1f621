import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

/** A task that ends when it is told to. */
class Task {
  end: () => void = () => {}
  begun = false
  gone = false

  /** What came of it; `undefined` where there was no room. */
  take(turns: Turns): Promise<string> | undefined {
    const run = (): Promise<string> => {
      this.begun = true
      return new Promise((resolve) => {
        this.end = () => resolve('done')
      })
    }
    return turns.take(run, () => this.gone, 'given up')
  }
}

const tasks = (count: number): Task[] => Array.from({ length: count }, () => new Task())

describe('turns', () => {
  it('are taken by so many at a time, in the order of their coming', async () => {
    const turns = new Turns({ running: 2, waiting: 2 })
    const [a, b, c, d, e] = tasks(5)
    const answers = [a, b, c, d].map((task) => task.take(turns))
    expect(e.take(turns)).toBeUndefined()
    expect([a, b, c, d, e].map(({ begun }) => begun)).toEqual([true, true, false, false, false])
    b.end()
    expect(await answers[1]).toBe('done')
    expect([c, d].map(({ begun }) => begun)).toEqual([true, false])
    expect([turns.running, turns.waiting]).toEqual([2, 1])
    for (const task of [a, c]) task.end()
    await answers[2]
    d.end()
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done', 'done'])
    expect([turns.running, turns.waiting]).toEqual([0, 0])
  })

  it('are passed over by whoever is gone', async () => {
    const turns = new Turns({ running: 1, waiting: 2 })
    const [a, b, c] = tasks(3)
    const [first, second, third] = [a, b, c].map((task) => task.take(turns))
    b.gone = true
    a.end()
    expect([await first, await second, b.begun]).toEqual(['done', 'given up', false])
    c.end()
    expect(await third).toBe('done')
  })

  it('have room again where somebody in the line is gone', async () => {
    const turns = new Turns({ running: 1, waiting: 1 })
    const [a, b, c] = tasks(3)
    const [first, second] = [a, b].map((task) => task.take(turns))
    expect(c.take(turns)).toBeUndefined()
    b.gone = true
    const third = c.take(turns)
    expect(await second).toBe('given up')
    a.end()
    await first
    c.end()
    expect(await third).toBe('done')
  })

  it('go on behind a task that fails', async () => {
    const turns = new Turns({ running: 1, waiting: 1 })
    const failed = turns.take(
      () => Promise.reject(new Error('broken')),
      () => false,
      '',
    )
    const next = turns.take(
      async () => 'done',
      () => false,
      '',
    )
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('done')
  })
})
