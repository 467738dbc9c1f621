import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

/** A task that ends when it is told to. */
class Task {
  end: () => void = () => {}
  begun = false
  gone = false

  /** What came of it; `undefined` where there was no room. */
  take(turns: Turns, from = 'here'): Promise<string | undefined> | undefined {
    const run = (): Promise<string> => {
      this.begun = true
      return new Promise((resolve) => {
        this.end = () => resolve('done')
      })
    }
    return turns.take(from, run, () => this.gone)
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
    expect([await first, await second, b.begun]).toEqual(['done', undefined, false])
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
    expect(await second).toBeUndefined()
    a.end()
    await first
    c.end()
    expect(await third).toBe('done')
  })

  it('go on behind a task that fails', async () => {
    const turns = new Turns({ running: 1, waiting: 1 })
    const failed = turns.take(
      'here',
      () => Promise.reject(new Error('broken')),
      () => false,
    )
    const next = turns.take(
      'here',
      async () => 'done',
      () => false,
    )
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('done')
  })

  it('are had by each place in turn, however many come from another', async () => {
    const turns = new Turns({ running: 1, waiting: 10 })
    const crowd = tasks(4)
    const answers = crowd.map((task) => task.take(turns, 'crowded'))
    const alone = new Task()
    const late = alone.take(turns, 'quiet')
    crowd[0].end()
    await answers[0]
    expect([crowd[1].begun, alone.begun]).toEqual([true, false])
    crowd[1].end()
    await answers[1]
    expect([crowd[2].begun, alone.begun]).toEqual([false, true])
    alone.end()
    expect(await late).toBe('done')
  })

  it('are given up by the last of the longest line where all places are taken', async () => {
    const turns = new Turns({ running: 1, waiting: 3 })
    const crowd = tasks(5)
    const answers = crowd.map((task) => task.take(turns, 'crowded'))
    expect(answers[4]).toBeUndefined()
    const [one, two, three] = tasks(3)
    const first = one.take(turns, 'quiet')
    expect(await answers[3]).toBeUndefined()
    // Two lines of almost one length: nobody gives way.
    expect(two.take(turns, 'quiet')).toBeUndefined()
    const other = three.take(turns, 'elsewhere')
    expect(await answers[2]).toBeUndefined()
    expect(turns.waiting).toBe(3)
    crowd[0].end()
    await answers[0]
    crowd[1].end()
    await answers[1]
    one.end()
    await first
    three.end()
    await other
    expect([turns.running, turns.waiting]).toEqual([0, 0])
  })
})
