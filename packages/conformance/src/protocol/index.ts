/** The table of contents: the chapters of each version, in the order of the standard. */
import type { Chapter } from '../harness/chapter.ts'
import type { Version } from '../wire/packet-types.ts'
import * as both from './both/index.ts'
import * as strict from './strict/index.ts'
import * as v3 from './v3/index.ts'
import * as v4 from './v4/index.ts'

/** The tests of a version of MQTT. */
export function chaptersOf(version: Version): readonly Chapter[] {
  if (version === 3) return [v3.basics(), ...common(version)]
  return [
    strict.strings(version),
    strict.fixedHeader(version),
    strict.fields(version),
    both.connect(version),
    ...(version === 4 ? [v4.connect()] : []),
    both.will(version),
    ...common(version),
    both.session(version),
    both.topics(version),
  ]
}

/** What 3.1 has as well. */
function common(version: Version): Chapter[] {
  return [
    both.keepalive(version),
    both.publish(version),
    both.retain(version),
    both.subscribe(version),
    both.unsubscribe(version),
    both.order(version),
  ]
}
