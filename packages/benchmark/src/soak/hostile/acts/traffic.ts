/** Those who are let in, and send or take more than they should. */
import { PacketType, publish, subscribe } from '../../../mqtt/encode.ts'
import { MALLORY, WAITS } from '../configuration.ts'
import type { Peer } from '../peer.ts'
import { codeOf, spell } from '../peer.ts'
import type { Act, Stage } from '../stage.ts'

/** Of a size that the limits of messages and of bytes are reached together. */
const PAYLOAD = Buffer.alloc(4096, 0x2e)
/** Filters of one SUBSCRIBE, and SUBSCRIBEs of one client. */
const FILTERS = 50
const SUBSCRIBES = 8
/** Topics that one client retains a message of. */
const RETAINED = 300

/** A client that is let in; undefined, with what became of it noted, where it is not. */
async function letIn(stage: Stage, clientId: string): Promise<Peer | undefined> {
  const peer = stage.open()
  const outcome = await peer.connect({ ...MALLORY, clientId })
  if (outcome === 'accepted') return peer
  stage.note(outcome)
  peer.break()
  await stage.pause(100)
  return undefined
}

const floods: Act = {
  name: 'floods',
  about: 'publishers of 4 KiB, as fast as they are read, for 3 s each, at QoS 0 and 1',
  actors: 2,
  must: [/^slowed$/],
  async play(stage, actor, round) {
    const peer = await letIn(stage, `flood-${actor}`)
    if (peer === undefined) return
    const qos = ((actor + round) % 2) as 0 | 1
    const message = (packetId: number): Buffer =>
      publish({ topic: `noise/flood/${actor}`, payload: PAYLOAD, qos, packetId, version: 5 })
    const batch = Buffer.concat(Array.from({ length: 50 }, (_, i) => message(i + 1)))
    const until = performance.now() + 3000
    while (!stage.isOver && performance.now() < until) {
      const sent = peer.sent(batch)
      if (!(await Promise.race([sent, stage.pause(500).then(() => true)]))) break
      const isTaken = await Promise.race([sent, stage.pause(0).then(() => false)])
      if (!isTaken && !stage.isOver) {
        stage.note('slowed')
        await stage.pause(until - performance.now())
      }
    }
    if (peer.isOver) stage.note(await peer.ended)
    peer.break()
  },
}

const slowReaders: Act = {
  name: 'slow readers',
  about: 'subscribers to all of the noise that stop reading',
  actors: 4,
  must: [/^closed/],
  async play(stage, actor, round) {
    const peer = await letIn(stage, `slow-${actor}`)
    if (peer === undefined) return
    peer.send(subscribe(1, ['noise/#'], (round % 2) as 0 | 1, 5))
    await peer.next(PacketType.SUBACK)
    peer.stopReading()
    await stage.pause(4 * WAITS.drain)
    peer.readOn()
    const outcome = await stage.end(peer, 500)
    if (!stage.isOver) stage.note(outcome)
    peer.break()
  },
}

const absent: Act = {
  name: 'absent',
  about: 'sessions that subscribe to all of the noise and go away, until they end',
  actors: 3,
  must: [/^came back$|^accepted$/],
  async play(stage, actor, round) {
    const fields = { ...MALLORY, clientId: `absent-${actor}`, clean: round % 4 === 0, sessionExpiry: 2 }
    const peer = stage.open()
    stage.note(await peer.connect(fields))
    peer.send(subscribe(1, ['noise/#'], 1, 5))
    await stage.end(peer, 200)
    peer.break()
    await stage.pause(round % 2 === 0 ? 1000 : 2500)
  },
}

const subscribers: Act = {
  name: 'subscribers',
  about: `clients with ${FILTERS * SUBSCRIBES} filters each`,
  actors: 2,
  must: [/^granted$/, /^refused 0x97$/],
  async play(stage, actor, round) {
    const peer = await letIn(stage, `subscriber-${actor}`)
    if (peer === undefined) return
    for (let i = 0; i < SUBSCRIBES && !peer.isOver; i++) {
      const filters = Array.from({ length: FILTERS }, (_, n) => `noise/${actor}/${i}/+/${n}/${round % 7}/#`)
      const answer = peer.next(PacketType.SUBACK)
      peer.send(subscribe(i + 1, filters, 1, 5))
      const codes = (await answer)?.subarray(-FILTERS) ?? []
      for (const code of codes) stage.note(code < 0x80 ? 'granted' : spell('refused', code))
    }
    if (round % 2 === 0) peer.leave()
    else {
      await stage.pause(500)
      peer.break()
    }
    await stage.pause(200)
  },
}

const retained: Act = {
  name: 'retained',
  about: `publishers of retained messages, ${RETAINED} topics each, which are cleared in the end`,
  actors: 1,
  must: [/^retained$/, /^refused 0x97$/],
  async play(stage, actor) {
    await retain(stage, actor, PAYLOAD)
    await stage.pause(500)
  },
  async tidy(stage) {
    for (let actor = 0; actor < this.actors; actor++) await retain(stage, actor, Buffer.alloc(0))
  },
}

/** Of one client identifier: who comes to clear ends the connection of who retains, and what of it was not read yet. */
async function retain(stage: Stage, actor: number, payload: Buffer): Promise<void> {
  const peer = await letIn(stage, `retained-${actor}`)
  if (peer === undefined) return
  const answers: Promise<Buffer | undefined>[] = []
  for (let n = 0; n < RETAINED; n++) {
    // Not of the noise: nobody is told of a message that is not retained and that somebody else receives.
    const topic = `kept/${actor}/${n}`
    answers.push(peer.next(PacketType.PUBACK))
    peer.send(publish({ topic, payload, qos: 1, packetId: n + 1, retain: true, version: 5 }))
    // Below the receive maximum.
    if (n % 20 === 19) await answers[n]
  }
  for (const answer of await Promise.all(answers)) {
    if (answer === undefined) break
    const code = codeOf(answer)
    stage.note(code < 0x80 ? (payload.length > 0 ? 'retained' : 'cleared') : spell('refused', code))
  }
  peer.leave()
}

export const TRAFFIC: readonly Act[] = [floods, slowReaders, absent, subscribers, retained]
