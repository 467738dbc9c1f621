/** Scripts for what all nodes share: who there is, names, and the clock. */
import type { Script } from './script.ts'
import { script, scriptWhenFull } from './script.ts'

/** Keys: service. Arguments: format, node, token (empty: the name alone). 1, or the format that is there. */
export const REGISTER: Script = scriptWhenFull(
  1,
  `
local format = redis.call('HGET', KEYS[1], '#format')
if not format and redis.call('EXISTS', KEYS[1]) == 1 then return '' end
if format and format ~= ARGV[1] then return format end
redis.call('HSET', KEYS[1], '#format', ARGV[1])
if ARGV[3] == '' then redis.call('HSETNX', KEYS[1], ARGV[2], '')
else redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
return 1
`,
)

/** Keys: service. Arguments: node, token. 1 where it was the last node. */
export const LEAVE: Script = script(
  1,
  `
local token = redis.call('HGET', KEYS[1], ARGV[1])
if token == ARGV[2] or token == '' then redis.call('HDEL', KEYS[1], ARGV[1]) end
if redis.call('HLEN', KEYS[1]) > 1 then return 0 end
redis.call('DEL', KEYS[1])
return 1
`,
)

/**
 * Keys: names. Arguments: name, 1 where one is expected, it, 1 where one is set, it. What it was before. What was there goes first: so it can be
 * replaced where the memory of Redis is full, for behind something that was taken away a script may go on.
 */
export const SWAP: Script = script(
  1,
  `
local before = redis.call('HGET', KEYS[1], ARGV[1])
local expected = false
if ARGV[2] == '1' then expected = ARGV[3] end
if before ~= expected then return before end
if before then redis.call('HDEL', KEYS[1], ARGV[1]) end
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[5]) end
return before
`,
)

/** Keys: names. Arguments: cursor, what values begin with. The next cursor, then names and values in turn. */
export const SCAN: Script = script(
  1,
  `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
local found = { page[1] }
local length = string.len(ARGV[2])
for i = 1, #page[2], 2 do
  if string.sub(page[2][i + 1], 1, length) == ARGV[2] then
    found[#found + 1] = page[2][i]
    found[#found + 1] = page[2][i + 1]
  end
end
return found
`,
)

/** Keys: one of the service. Seconds and microseconds. */
export const CLOCK: Script = script(1, `return redis.call('TIME')`)

/** Keys: inbox. The bytes of memory that it takes. */
export const WAITING: Script = script(1, `return redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) or 0`)
