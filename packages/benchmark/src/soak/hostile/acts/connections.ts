/** Those who connect, over and over. */
import { PacketType, publish, subscribe } from '../../../mqtt/encode.ts'
import { MALLORY, WAITS } from '../configuration.ts'
import type { Act, Stage } from '../stage.ts'

/** More than a wait of the broker, and less than another one. */
const PATIENCE_MS = 2 * WAITS.connect

const churn: Act = {
  name: 'churn',
  about:
    'clients that come, subscribe, publish and go: by DISCONNECT or without a word, with and without a session',
  actors: 3,
  must: [/^accepted$/],
  never: [/^refused 0x8[67]$/],
  async play(stage, actor, round) {
    const peer = stage.open()
    const stored = round % 2 === 0 ? { clean: false, sessionExpiry: 1 } : {}
    const clientId = `churn-${actor}-${round % 16}`
    const outcome = await peer.connect({ ...MALLORY, ...stored, clientId })
    stage.note(outcome)
    if (outcome === 'accepted') {
      peer.send(subscribe(1, [`noise/churn/${actor}/+`, `kept/0/${round % 100}`], 1, 5))
      const topic = `noise/churn/${actor}/${round}`
      peer.send(publish({ topic, payload: Buffer.from('x'), qos: 1, packetId: 2, version: 5 }))
      if (round % 3 > 0) await peer.next(PacketType.PUBACK)
    }
    if (round % 4 < 2) peer.leave()
    else peer.break()
    await stage.pause(100)
  },
}

const takeOvers: Act = {
  name: 'take-overs',
  about: 'clients of one client identifier, each of which ends the connection of another',
  actors: 3,
  must: [/^closed 0x8E$/],
  async play(stage, _actor, round) {
    const peer = stage.open()
    const fields = { ...MALLORY, clientId: 'the-one', clean: false, sessionExpiry: 1 }
    const outcome = await peer.connect(fields)
    if (outcome !== 'accepted') return await noted(stage, outcome)
    peer.send(subscribe(1, ['noise/#'], (round % 3) as 0 | 1 | 2, 5))
    stage.note(await stage.end(peer, 500))
    peer.break()
    await stage.pause(200)
  },
}

const wills: Act = {
  name: 'wills',
  about: 'clients that leave a will, of which half waits for a second, and hang up',
  actors: 2,
  must: [/^accepted$/],
  async play(stage, actor, round) {
    const peer = stage.open()
    const will = { topic: 'noise/will', payload: Buffer.from('gone'), delay: round % 2 }
    const fields = { clientId: `will-${actor}-${round % 8}`, clean: false, sessionExpiry: 1, will }
    stage.note(await peer.connect({ ...MALLORY, ...fields }))
    peer.break()
    await stage.pause(100)
  },
}

const guessers: Act = {
  name: 'guessers',
  about: 'wrong passwords, for users that there are and others, from 6 addresses',
  actors: 6,
  must: [/^refused 0x8[6A]$/],
  never: [/^accepted$/],
  async play(stage, actor, round) {
    const peer = stage.open(`203.0.113.${actor + 1}`)
    const username = ['good', 'mallory', `nobody-${round}`][round % 3]
    const attempt = peer.connect({ clientId: `guesser-${actor}`, username, password: `guess ${round}` })
    stage.note(await attempt)
    peer.break()
    await stage.pause(700)
  },
}

const storm: Act = {
  name: 'storm',
  about: '30 connections at once, of one address',
  actors: 1,
  must: [/^refused 0x9F$/],
  async play(stage, _actor, round) {
    const peers = Array.from({ length: 30 }, () => stage.open('203.0.113.200'))
    const outcomes = peers.map((peer, i) => peer.connect({ ...MALLORY, clientId: `storm-${round}-${i}` }))
    for (const outcome of await Promise.all(outcomes)) stage.note(outcome)
    for (const peer of peers) peer.break()
    await stage.pause(3000)
  },
}

const silent: Act = {
  name: 'silent',
  about: 'connections on which nothing comes, or half a CONNECT',
  actors: 20,
  must: [/^closed( 0x\w\w)?$/],
  never: [/^still open$/],
  async play(stage, actor) {
    const peer = stage.open()
    await peer.opened()
    // The type, a length of 30, and less than that.
    if (actor % 2 === 0) peer.send(Buffer.from([0x10, 30, 0, 4, 0x4d, 0x51]))
    const outcome = await stage.end(peer, PATIENCE_MS)
    if (!stage.isOver) stage.note(outcome)
    peer.break()
    await stage.pause(20)
  },
}

async function noted(stage: Stage, outcome: string): Promise<void> {
  stage.note(outcome)
  await stage.pause(100)
}

export const CONNECTIONS: readonly Act[] = [churn, takeOvers, wills, guessers, storm, silent]
