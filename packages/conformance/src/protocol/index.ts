/** The table of contents: the chapters of each version, in the order of the standard. */
import type { Chapter } from '../harness/chapter.ts'
import type { Version } from '../wire/packet-types.ts'
import * as both from './both/index.ts'
import * as strict from './strict/index.ts'
import * as v3 from './v3/index.ts'
import * as v4 from './v4/index.ts'
import * as v5 from './v5/index.ts'

/** The tests of a version of MQTT. */
export function chaptersOf(version: Version): readonly Chapter[] {
  return { 3: mqtt31, 4: mqtt311, 5: mqtt5 }[version]()
}

function mqtt31(): Chapter[] {
  return [
    v3.basics(),
    both.keepalive(3),
    both.publish(3),
    both.retain(3),
    both.subscribe(3),
    both.unsubscribe(3),
    both.order(3),
  ]
}

function mqtt311(): Chapter[] {
  return [
    strict.strings(4),
    strict.fixedHeader(4),
    strict.fields(4),
    both.connect(4),
    v4.connect(),
    both.will(4),
    both.keepalive(4),
    both.publish(4),
    both.retain(4),
    both.subscribe(4),
    both.unsubscribe(4),
    both.session(4),
    both.order(4),
    both.topics(4),
    both.webSocket(4),
  ]
}

function mqtt5(): Chapter[] {
  return [
    strict.strings(5),
    strict.fixedHeader(5),
    strict.properties(),
    strict.fields(5),
    both.connect(5),
    v5.connect(),
    both.will(5),
    v5.will(),
    v5.limits(),
    v5.size(),
    both.keepalive(5),
    both.publish(5),
    v5.publish(),
    v5.alias(),
    v5.expiry(),
    both.retain(5),
    v5.retain(),
    both.subscribe(5),
    v5.subscribe(),
    both.unsubscribe(5),
    v5.disconnect(),
    both.session(5),
    both.order(5),
    both.topics(5),
    v5.shared(),
    v5.flow(),
    v5.auth(),
    v5.mixed(),
    both.webSocket(5),
  ]
}
