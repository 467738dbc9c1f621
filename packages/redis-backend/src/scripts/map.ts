/** Scripts for the map of retained messages and its feed. */
import type { Script } from './script.ts'
import { APPLY, GROWTH, script, scriptWhenFull } from './script.ts'

/**
 * Entries of the feed that are older than `age` ms go, and the older half where it is larger than `size` bytes. `trimmed` tells whoever
 * reads the feed that some are gone. An entry has beside its bytes how many were written before it.
 */
const TRIM = `
local function trim(feed, meta, age, size)
  local now = redis.call('TIME')
  local since = string.format('%.0f', tonumber(now[1]) * 1000 - age)
  local old = redis.call('XREVRANGE', feed, '(' .. since .. '-0', '-', 'COUNT', 1)
  if #old > 0 then
    redis.call('HSET', meta, 'trimmed', old[1][1])
    redis.call('XTRIM', feed, 'MINID', since)
  end
  local total = tonumber(redis.call('HGET', meta, 'total') or 0)
  while true do
    local first = redis.call('XRANGE', feed, '-', '+', 'COUNT', 1)
    local count = redis.call('XLEN', feed)
    if count < 2 or total - tonumber(first[1][2][4]) <= size then return end
    redis.call('XTRIM', feed, 'MAXLEN', math.floor(count / 2))
    first = redis.call('XRANGE', feed, '-', '+', 'COUNT', 1)
    local ms, number = string.match(first[1][1], '^(%d+)-(%d+)$')
    local before = (number == '0') and string.format('%.0f-0', tonumber(ms) - 1)
      or string.format('%s-%.0f', ms, tonumber(number) - 1)
    redis.call('HSET', meta, 'trimmed', before)
  end
end
`

/** Keys: feed, meta. Arguments: age in ms, size in bytes. */
export const TRIM_FEED: Script = scriptWhenFull(
  2,
  `${TRIM}
trim(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]))
return 1
`,
)

/** @param check Asked before anything is written. */
const writeMap = (check: string): string => `
local known = redis.call('HGET', KEYS[4], 'w:' .. ARGV[1])
if not known then return false end
local number, made = string.match(known, '^(%d+) (.*)$')
if number == ARGV[2] then
  redis.call('HSET', KEYS[4], 'w:' .. ARGV[1], known)
  return made
end
local count = tonumber(ARGV[5])
local total = tonumber(redis.call('HGET', KEYS[4], 'total') or 0)
local ids, bytes = {}, 0
for i = 6, 5 + count do bytes = bytes + #ARGV[i] end
${check}
for i = 6, 5 + count do
  ids[#ids + 1] = redis.call('XADD', KEYS[3], '*', 'b', ARGV[i], 's', string.format('%.0f', total))
  total = total + #ARGV[i]
end
apply(KEYS[1], KEYS[2], 6 + count)
made = table.concat(ids, ' ')
redis.call('HSET', KEYS[4], 'last', ids[#ids], 'total', string.format('%.0f', total), 'w:' .. ARGV[1], ARGV[2] .. ' ' .. made)
trim(KEYS[3], KEYS[4], tonumber(ARGV[3]), tonumber(ARGV[4]))
return made
`

/**
 * Keys: order, values, feed, meta. Arguments: writer, number of the write, age, size, how many entries, these, changes. The places of the
 * entries; where the write was made already, those that it got then; nothing where the writer may not write any more.
 */
export const WRITE_MAP: Script = script(4, APPLY + TRIM + writeMap(''))

/** The same where the memory of Redis is full; 0, and nothing is made, where more would be kept. */
export const WRITE_MAP_WHEN_FULL: Script = scriptWhenFull(
  4,
  APPLY + TRIM + GROWTH + writeMap('if bytes + growth(KEYS[2], 6 + count) > 0 then return 0 end'),
)

/** Keys: meta. Arguments: writer. It may write from now on. */
export const BEGIN_WRITES: Script = scriptWhenFull(
  1,
  `
return redis.call('HSET', KEYS[1], 'w:' .. ARGV[1], '0 ')
`,
)

/** Keys: order, feed, meta. The feed goes where nothing is in the map, and nobody may write. */
export const CLEAR_FEED: Script = script(
  3,
  `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for _, field in ipairs(redis.call('HKEYS', KEYS[3])) do
  if string.sub(field, 1, 2) == 'w:' then return 0 end
end
redis.call('DEL', KEYS[2], KEYS[3])
return 1
`,
)
