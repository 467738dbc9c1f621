/** Pages of 100,000 clients: what a page costs, and that nothing is left out. */

import type { Client, Pace } from '@mqtt-stack/core'
import { ClientList } from '@mqtt-stack/core'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { pageByFigure, pageByName } from './client-pages.ts'
import { isText, placeOfCursor } from './pages.ts'

const MANY = 100_000
const pace = { spent: false, rest: () => settle() } as unknown as Pace

/** Clients whose identifiers and figures are counted as they are looked at. */
function crowd(count: number): {
  readonly clients: ClientList
  readonly looks: { ids: number; figures: number }
} {
  const looks = { ids: 0, figures: 0 }
  const all = Array.from({ length: count }, (_, i) => ({
    get id(): string {
      looks.ids++
      return `client-${String(i).padStart(6, '0')}`
    },
    get bytesIn(): number {
      looks.figures++
      return (i * 7_919) % count
    },
    connected: true,
    closed: false,
    session: { identity: i % 2 === 0 ? 'even' : 'odd' },
    listener: { transport: 'tcp' },
  }))
  const clients = new ClientList(() => all as unknown as Client[])
  expect(clients.size).toBe(count)
  looks.ids = 0
  return { clients, looks }
}

describe('a page of 100,000 clients', () => {
  it('looks at as many as it has, wherever it begins', async () => {
    const { clients, looks } = crowd(MANY)
    const first = await pageByName(clients, {}, undefined, 100, pace)
    const after = placeOfCursor(first.next, isText)
    const second = await pageByName(clients, {}, after, 100, pace)
    await pageByName(clients, {}, 'client-090000', 100, pace)
    expect(looks.ids).toBeLessThanOrEqual(310)
    expect(second.items[0]?.id).toBe('client-000100')
  })

  it('ends a search that finds little, and says where it goes on', async () => {
    const { clients } = crowd(MANY)
    const found: string[] = []
    let [cursor, pages]: [string | undefined, number] = [undefined, 0]
    do {
      const after = placeOfCursor(cursor, isText)
      const page = await pageByName(clients, { search: '-09999' }, after, 100, pace)
      found.push(...page.items.map(({ id }) => id))
      cursor = page.next
      pages++
    } while (cursor !== undefined)
    expect(pages).toBe(5)
    expect(found).toEqual(Array.from({ length: 10 }, (_, i) => `client-09999${i}`))
  })

  it('by a figure takes one look at each, keeps no more than it has, and leaves nobody out', async () => {
    const { clients, looks } = crowd(MANY)
    const figureOf = ({ bytesIn }: Client): number => bytesIn
    const page = await pageByFigure(clients, {}, figureOf, undefined, 3, pace)
    expect(looks.figures).toBe(MANY)
    expect(page.items.map(figureOf)).toEqual([MANY - 1, MANY - 2, MANY - 3])
    const isPlace = (place: unknown): place is { figure: number; clientId: string } => place !== undefined
    const next = await pageByFigure(clients, {}, figureOf, placeOfCursor(page.next, isPlace), 3, pace)
    expect(next.items.map(figureOf)).toEqual([MANY - 4, MANY - 5, MANY - 6])
    const last = await pageByFigure(
      clients,
      { identity: 'odd' },
      figureOf,
      { figure: 3, clientId: '' },
      3,
      pace,
    )
    expect(last.next).toBeUndefined()
  })

  it('has those who are there from the first page to the last once, whoever comes and goes', async () => {
    const { clients } = crowd(300)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await pageByName(clients, {}, placeOfCursor(cursor, isText), 50, pace)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next
      const gone = clients.get(`client-${String(seen.length + 10).padStart(6, '0')}`)
      if (gone !== undefined) clients.disconnected(gone)
      clients.connected({ id: 'client-000000a', connected: true } as Client)
    } while (cursor !== undefined)
    expect(seen).toHaveLength(new Set(seen).size)
    expect(seen.length).toBeGreaterThanOrEqual(294)
  })
})
