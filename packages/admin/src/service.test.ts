/** Several nodes of one service: what is asked of one of them holds on all. */
import { createBroker } from '@mqtt-stack/broker'
import type { Context, Store } from '@mqtt-stack/core'
import { Middleware } from '@mqtt-stack/core'
import { MemoryService, RecordingLogger, settle, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Answer, Opened } from '../../../test/rig/admin.ts'
import { openAdmin } from '../../../test/rig/admin.ts'
import { SharedBackend } from '../../../test/rig/nodes.ts'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import { Bans } from './bans.ts'

/** Nodes over one store in memory, on one clock. */
class Service {
  readonly clock = new VirtualClock()
  readonly store = new MemoryService({ clock: this.clock })

  async join(name: string): Promise<Opened> {
    const opened = await openAdmin({}, { backend: this.#backend(name), stack: { clock: this.clock } })
    stopAtEnd({ stack: opened.broker.stack, clock: this.clock })
    return opened
  }

  /** A node without the API. */
  async joinMute(name: string): Promise<void> {
    const stack = { clock: this.clock, logger: new RecordingLogger() }
    const broker = createBroker({ backend: this.#backend(name), stack })
    await broker.start()
    stopAtEnd({ stack: broker.stack, clock: this.clock })
  }

  /** What comes when the others were waited for in vain. */
  async late({ broker }: Opened, ask: () => Promise<Answer>): Promise<Answer> {
    const told = (): number =>
      broker.stack.observation.activity().find(({ callback }) => callback === 'tellNodes')?.calls ?? 0
    const before = told()
    const asked = ask()
    // The request comes by a real socket.
    while (told() === before) await new Promise((resolve) => setTimeout(resolve, 2))
    await settle()
    await this.clock.advance(2_000)
    return asked
  }

  #backend(name: string): SharedBackend {
    return new SharedBackend(undefined, () => this.store.node(name))
  }
}

const kick = ({ ask }: Opened, clientId: string): Promise<Answer> =>
  ask(`/api/clients/${clientId}?reason=noise`, { method: 'DELETE' })
const ban = ({ ask }: Opened, body: object): Promise<Answer> =>
  ask('/api/bans', { method: 'POST', body: { seconds: 600, ...body } })
const bansOf = async ({ ask }: Opened): Promise<string[]> =>
  (await ask('/api/bans')).body.map(({ clientId }: { clientId: string }) => clientId)

describe('a kick', () => {
  it('ends the connection on whichever node it is', async () => {
    const service = new Service()
    const [one, two] = [await service.join('one'), await service.join('two')]
    await service.join('three')
    const lamp = await two.client({ clientId: 'lamp', protocolVersion: 5 })
    expect((await kick(one, 'lamp')).status).toBe(204)
    const { reasonCode, properties } = await lamp.next('disconnect')
    expect([reasonCode, properties?.reasonString]).toEqual([0x98, 'noise'])
    const nobody = await kick(one, 'lamp')
    expect([nobody.status, nobody.body.detail]).toEqual([404, 'no client "lamp" is connected here'])
  })

  it('says which nodes did not answer, after two seconds', async () => {
    const service = new Service()
    const one = await service.join('one')
    await service.joinMute('mute')
    const { status, body } = await service.late(one, () => kick(one, 'lamp'))
    expect([status, body.code, body.detail]).toEqual([
      503,
      'unavailable',
      'no client "lamp" is connected here, and of these nodes nobody answered: mute; try again, or ask theirs',
    ])
  })
})

describe('a client or a session of another node', () => {
  it('is not here, and the answer names the node where it is', async () => {
    const service = new Service()
    const [one, two] = [await service.join('one'), await service.join('two')]
    await service.join('three')
    await two.client({ clientId: 'lamp', protocolVersion: 5 })
    const said = async (path: string, method = 'GET'): Promise<unknown[]> => {
      const { status, body } = await one.ask(path, { method })
      return [status, body.detail]
    }
    const client = [404, 'no client "lamp" is connected here, but on node two: ask there']
    const session = [404, 'there is no session of "lamp" here, but on node two: ask there']
    expect(await said('/api/clients/lamp')).toEqual(client)
    expect(await said('/api/sessions/lamp')).toEqual(session)
    expect(await said('/api/sessions/lamp/subscriptions')).toEqual(session)
    expect(await said('/api/sessions/lamp/queue')).toEqual(session)
    expect(await said('/api/sessions/lamp', 'DELETE')).toEqual(session)
    expect(await said('/api/sessions/lamp/subscriptions?filter=a', 'DELETE')).toEqual(session)
    expect((await two.ask('/api/sessions/lamp')).status).toBe(200)
    expect(await said('/api/clients/door')).toEqual([404, 'no client "door" is connected here'])
    expect(await said('/api/sessions/door')).toEqual([404, 'there is no session of "door" here'])
  })

  it('may be on one that does not answer: that is said after two seconds', async () => {
    const service = new Service()
    const one = await service.join('one')
    await service.joinMute('mute')
    const { status, body } = await service.late(one, () => one.ask('/api/clients/lamp'))
    const words = 'no client "lamp" is connected here, and of these nodes nobody answered: mute'
    expect([status, body.detail]).toEqual([404, words])
  })
})

describe('a ban', () => {
  it('holds on every node, and ends the connections there; taken away it is so on all', async () => {
    const service = new Service()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const lamp = await two.client({ clientId: 'lamp', protocolVersion: 5 })
    const made = await ban(one, { clientId: 'lamp', reason: 'noise' })
    expect([made.status, made.body.missing]).toEqual([200, undefined])
    expect((await lamp.next('disconnect')).properties?.reasonString).toBe('noise')
    const again = await two.client({ clientId: 'lamp', protocolVersion: 5 })
    expect(again.received[0]).toMatchObject({ cmd: 'connack', reasonCode: 0x8a })
    // Any node may take it away.
    const [{ id }] = (await two.ask('/api/bans')).body
    expect(id).toBe(made.body.id)
    expect((await two.ask(`/api/bans/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await bansOf(one)).toEqual([])
    const back = await one.client({ clientId: 'lamp', protocolVersion: 5 })
    expect(back.received[0]).toMatchObject({ cmd: 'connack', reasonCode: 0 })
  })

  it('is known to a node that joins later, for as long as it has left', async () => {
    const service = new Service()
    const one = await service.join('one')
    await ban(one, { clientId: 'lamp' })
    await service.clock.advance(1_000)
    const two = await service.join('two')
    await settle()
    expect(await bansOf(two)).toEqual(['lamp'])
    const [theirs, ours] = [await two.ask('/api/bans'), await one.ask('/api/bans')]
    expect(theirs.body).toEqual(ours.body)
    await service.clock.advance(599_000)
    expect(await bansOf(two)).toEqual([])
  })

  it('is told later to a node that did not answer, and comes back from nowhere once it was taken away', async () => {
    const service = new Service()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const { body: first } = await ban(one, { clientId: 'first' })
    service.store.cut('two')
    const { body: second } = await service.late(one, () => ban(one, { clientId: 'second' }))
    expect(second.missing).toEqual(['two'])
    const lift = (): Promise<Answer> => one.ask(`/api/bans/${first.id}`, { method: 'DELETE' })
    expect((await service.late(one, lift)).status).toBe(204)
    expect(await bansOf(two)).toEqual(['first'])
    service.store.heal('two')
    for (let i = 0; i < 40; i++) {
      await service.clock.advance(1_000)
      await settle()
    }
    expect([await bansOf(one), await bansOf(two)]).toEqual([['second'], ['second']])
  })

  it('of a stranger’s backend that tells nodes holds on all too', async () => {
    const buses = new Map<string, Bus>()
    class Bus extends Middleware {
      readonly uses = ['nodeTold'] as const
      readonly #node: string

      constructor(node: string) {
        super()
        this.#node = node
      }

      start(): void {
        buses.set(this.#node, this)
      }

      tellNodes({ to, ...told }: Context<'tellNodes'>, store: Store<'tellNodes'>): void {
        for (const [other, { stack }] of buses) {
          if (other === this.#node || (to !== undefined && to !== other)) continue
          store.nodes.push(other)
          stack.tell('nodeTold', { node: this.#node, ...told })
        }
      }
    }
    const one = await openAdmin({}, { use: [new Bus('one')] })
    const two = await openAdmin({}, { use: [new Bus('two')] })
    const lamp = await two.client({ clientId: 'lamp' })
    await ban(one, { clientId: 'lamp' })
    await lamp.closed
    expect(await bansOf(two)).toEqual(['lamp'])
    await two.client({ clientId: 'door' })
    expect((await kick(one, 'door')).status).toBe(204)
  })
})

describe('what another node says', () => {
  const clock = new VirtualClock()

  it('holds where it is newer, on both in the same way, and never for longer', () => {
    const [one, two] = [new Bans(clock), new Bans(clock)]
    one.add({ clientId: 'lamp' }, 60, 'one')
    two.add({ clientId: 'lamp' }, 90, 'two')
    const before = one.shared()
    one.merge(two.shared())
    two.merge(before)
    expect(one.digest).toBe(two.digest)
    expect(one.list()).toEqual(two.list())
    expect(one.merge(two.shared())).toBe(0)
  })

  it('is left where it is nothing that this version knows', async () => {
    const { broker, ask } = await openAdmin()
    const say = (text: string, subject = 'admin'): Promise<void> =>
      Promise.resolve(broker.stack.tell('nodeTold', { node: 'other', subject, text }))
    await say('{')
    await say('7')
    await say('{"kind":"x","ask":1}')
    await say('{"answer":9,"said":true}')
    await say('{"kind":"kick","said":{"clientId":7}}')
    await say('{"kind":"where","said":{"clientId":"lamp","what":"x"}}')
    for (const said of [
      7,
      [7],
      [{ clientId: 'a' }],
      [{ id: 'i', reason: 'r', left: 9, version: 1, lifted: false }],
    ])
      await say(JSON.stringify({ kind: 'bans', said }))
    const told = { id: 'i', reason: 'r', left: 1e300, version: 1, lifted: false, clientId: 'a', later: 1 }
    await say(JSON.stringify({ kind: 'bans', said: [told] }), 'another')
    expect((await ask('/api/bans')).body).toEqual([])
    await say(JSON.stringify({ kind: 'bans', said: [told] }))
    expect((await ask('/api/bans')).body).toEqual([
      { id: 'i', reason: 'r', clientId: 'a', until: expect.any(String) },
    ])
  })
})
