/** The table of contents: the chapters of each version, in the order of the standard. */
import type { Chapter } from '../harness/chapter.ts'
import type { Version } from '../wire/packet-types.ts'
import * as both from './both/index.ts'

/** The tests of a version of MQTT. */
export function chaptersOf(version: Version): readonly Chapter[] {
  return [
    both.connect(version),
    both.will(version),
    both.keepalive(version),
    both.publish(version),
    both.retain(version),
    both.subscribe(version),
    both.unsubscribe(version),
    both.session(version),
    both.order(version),
    both.topics(version),
  ]
}
