/** What comes before MQTT, at each door: good bytes, to be damaged. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'
import type { Door } from './doors.ts'
import { attached, PROXY_1, PROXY_2, proxied, proxiedWebSockets } from './doors.ts'
import { CONNECT, frame, UPGRADE } from './websocket.ts'

const PLAIN = Buffer.concat([CONNECT, encode.pingreq()])
const FRAMES = Buffer.concat([frame(CONNECT), frame(encode.pingreq())])
/** With everything that a web server in between adds. */
const FORWARDED = Buffer.from(
  UPGRADE.toString('latin1').replace(
    'Host: localhost\r\n',
    'Host: localhost\r\nOrigin: http://localhost\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.7\r\nCookie: a=b; c="d"\r\n',
  ),
  'latin1',
)

/** A door with what may come through it. */
export const BEFORE_MQTT: readonly (readonly [string, Door, Buffer])[] = [
  ['a PROXY header of version 1', proxied, Buffer.concat([PROXY_1, PLAIN])],
  ['a PROXY header of version 2', proxied, Buffer.concat([PROXY_2[0], PLAIN])],
  ['a PROXY header with the facts of TLS', proxied, Buffer.concat([PROXY_2[1], PLAIN])],
  ['a PROXY header of the proxy itself', proxied, Buffer.concat([PROXY_2[2], PLAIN])],
  ['a PROXY header and an upgrade', proxiedWebSockets, Buffer.concat([PROXY_2[0], FORWARDED, FRAMES])],
  ['an upgrade at a web server', attached, Buffer.concat([FORWARDED, FRAMES])],
]
