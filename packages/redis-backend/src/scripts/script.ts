import { createHash } from 'node:crypto'

/** What Redis does in one step: it is whole or not done at all, and touches one slot. */
export interface Script {
  readonly text: string
  readonly sha: string
  /** How many keys it is given; they come first. */
  readonly keys: number
}

export function script(keys: number, text: string): Script {
  return { text, keys, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * What is done where the memory of Redis is full (`maxmemory`) too. It keeps a few bytes at most, or looks itself whether less is kept behind it:
 * without it nodes would lose their leases, and nothing that has been delivered could be taken away.
 */
export function scriptWhenFull(keys: number, text: string): Script {
  return script(keys, `#!lua flags=allow-oom\n${text}`)
}

/**
 * How many bytes more are kept behind the changes that begin at an argument, about: less than 0 where it is less. A key costs something
 * beside its bytes.
 */
export const GROWTH = `
local function growth(values, at)
  local bytes = 0
  while at <= #ARGV do
    local removes = ARGV[at] == 'R'
    local step = removes and 1 or 2
    local last = at + 1 + step * tonumber(ARGV[at + 1])
    for i = at + 2, last, step do
      local before = redis.call('HSTRLEN', values, ARGV[i])
      if before > 0 then bytes = bytes - before - #ARGV[i] - 100 end
      if not removes then bytes = bytes + #ARGV[i + 1] + #ARGV[i] + 100 end
    end
    at = last + 1
  end
  return bytes
end
`

/** Makes the changes that begin at an argument (see `changesOf`). `unpack` takes some thousands at most. */
export const APPLY = `
local function apply(order, values, at)
  while at <= #ARGV do
    local count = tonumber(ARGV[at + 1])
    if ARGV[at] == 'R' then
      for first = at + 2, at + 1 + count, 1000 do
        local last = math.min(first + 999, at + 1 + count)
        redis.call('ZREM', order, unpack(ARGV, first, last))
        redis.call('HDEL', values, unpack(ARGV, first, last))
      end
      at = at + 2 + count
    else
      for first = at + 2, at + 1 + 2 * count, 1000 do
        local last = math.min(first + 999, at + 1 + 2 * count)
        redis.call('HSET', values, unpack(ARGV, first, last))
        local scored = {}
        for i = first, last, 2 do
          scored[#scored + 1] = '0'
          scored[#scored + 1] = ARGV[i]
        end
        redis.call('ZADD', order, unpack(scored))
      end
      at = at + 2 + 2 * count
    end
  end
end
`

/** Keys: order, values. Arguments: from, to, limit, with how many bytes of values a page ends. Keys and values in turn. */
export const READ: Script = script(
  2,
  `
local keys = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. ARGV[1], '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
local count, bytes = 0, 0
while count < #keys and bytes < tonumber(ARGV[4]) do
  count = count + 1
  bytes = bytes + redis.call('HSTRLEN', KEYS[2], keys[count])
end
local found = {}
for first = 1, count, 1000 do
  local last = math.min(first + 999, count)
  local values = redis.call('HMGET', KEYS[2], unpack(keys, first, last))
  for i = first, last do
    found[#found + 1] = keys[i]
    found[#found + 1] = values[i - first + 1]
  end
end
return found
`,
)
