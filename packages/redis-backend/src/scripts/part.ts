/** Scripts for the part of a node. Each looks first whether the part is still whose it was: `owner` is the token of who has it. */
import type { Script } from './script.ts'
import { APPLY, GROWTH, script, scriptWhenFull } from './script.ts'

/** An inbox is there, maybe empty, as long as its node is: so whoever sends needs no script to find out. */
const MAKE_INBOX = `
local function makeInbox(inbox)
  if redis.call('EXISTS', inbox) == 1 then return end
  redis.call('XDEL', inbox, redis.call('XADD', inbox, '*', 'b', ''))
end
`

/**
 * Keys: meta, lease, inbox. Arguments: token, lease in ms, what tokens of processes begin with that have ended (empty: none is known). 1 and
 * the token that it was joined with before (maybe empty), or 0 and who has claimed it (empty: it is alive).
 */
export const JOIN: Script = scriptWhenFull(
  3,
  `${MAKE_INBOX}
local holder = redis.call('GET', KEYS[2])
local hasEnded = holder and ARGV[3] ~= '' and string.sub(holder, 1, string.len(ARGV[3])) == ARGV[3]
if holder and holder ~= ARGV[1] and not hasEnded then return { 0, redis.call('HGET', KEYS[1], 'claimer') or '' } end
local joined = redis.call('HGET', KEYS[1], 'joined') or ''
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'joined', ARGV[1], 'batch', 0)
redis.call('HDEL', KEYS[1], 'claimer')
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
makeInbox(KEYS[3])
return { 1, joined }
`,
)

/** Keys: meta, lease, inbox. Arguments: token, lease in ms, claimer. The token that it was joined with (maybe empty), or nothing. */
export const CLAIM: Script = scriptWhenFull(
  3,
  `${MAKE_INBOX}
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return false end
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'claimer', ARGV[3], 'batch', 0)
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
makeInbox(KEYS[3])
return redis.call('HGET', KEYS[1], 'joined') or ''
`,
)

/** Keys: meta, lease. Arguments: token, lease in ms. 1, or 0 where it is lost. */
export const RENEW: Script = scriptWhenFull(
  2,
  `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
`,
)

/** Keys: meta, lease, order, inbox. Arguments: token. 1 where nothing is left of it. */
export const GIVE_UP: Script = script(
  4,
  `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[3]) == 1 or redis.call('XLEN', KEYS[4]) > 0 then return 0 end
redis.call('DEL', KEYS[1], KEYS[4])
return 1
`,
)

/**
 * Keys: meta, lease, order, values, inbox. Arguments: token, the last entry received. 1 where it is gone, 0 where the inbox has more,
 * -1 where it is lost.
 */
export const FORGET: Script = script(
  5,
  `
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner then return 1 end
if owner ~= ARGV[1] then return -1 end
if #redis.call('XRANGE', KEYS[5], '(' .. ARGV[2], '+', 'COUNT', 1) > 0 then return 0 end
redis.call('UNLINK', unpack(KEYS))
return 1
`,
)

/** @param check Asked before the changes are made. */
const write = (check: string): string => `
local known = redis.call('HMGET', KEYS[1], 'owner', 'batch')
if known[1] ~= ARGV[1] then return 0 end
local last, this = tonumber(known[2]), tonumber(ARGV[2])
if last < tonumber(ARGV[3]) or last > this then return 0 end
if last < this then
  ${check}
  apply(KEYS[2], KEYS[3], 4)
end
redis.call('HSET', KEYS[1], 'batch', ARGV[2])
return 1
`

/**
 * Keys: meta, order, values. Arguments: token, number of the batch, that of the last one that is known to be made, changes. 1; 0 where
 * the part is lost, or Redis has lost what was known to be made. Batches between the two numbers failed, and may have been made. One that
 * is made already is noted anew, so that whoever waits for replicas waits.
 */
export const WRITE: Script = script(3, APPLY + write(''))

/** The same where the memory of Redis is full; -1, and nothing is made, where more would be kept. */
export const WRITE_WHEN_FULL: Script = scriptWhenFull(
  3,
  APPLY + GROWTH + write('if growth(KEYS[3], 4) > 0 then return -1 end'),
)

/** Keys: meta, inbox. Arguments: token, from which entry on they stay. 1, or 0 where it is lost. */
export const TRIM: Script = script(
  2,
  `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2])
return 1
`,
)
