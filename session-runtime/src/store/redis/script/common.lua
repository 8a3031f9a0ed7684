-- What the other scripts begin with.
--
-- A session is a hash. Its fields are those of the session, and two that no session key can be:
--   `@`  created_at and expires_at in six bytes each, how long after that the deadline is and the
--        lifetime in five, then the principal, if any
--   `=`  the principal, if `@` would be longer than Redis packs tightly
--   `!`  the session was ended or renamed: a tombstone. Of a renamed one it holds the new id, and `>` if
--        `delete` follows there or `|`; on a cluster also whose the session was, and the rest of the hash
--        is what was moved
-- `@` and `=` together are called meta here.
-- The index of a principal is a sorted set: ids by the time they expire at. Where it may be on another
-- server than the session, `index`, the prefix of its key, is empty, and `enter.lua` and `forget.lua`
-- keep it. There the time is the session's absolute deadline, so that only what moves a deadline
-- writes to the index too. An entry is written ahead of its session, and a second one, the id behind
-- `+`, keeps it from being taken for dead until then, or until the time of grace is over.
--
-- Times are below 2^48, so Lua's numbers hold them exactly. Integers of sessions are not: they are
-- compared as text. Redis takes no write back when a script fails, so all checks come first.

local call = redis.call

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function principal(meta)
  return string.sub(meta, 23)
end

-- Nothing if the session is not live.
local function read_meta(key)
  local held = call('HMGET', key, '@', '=', '!')
  if held[1] and not held[3] then
    return held[1] .. (held[2] or '')
  end
end

-- The default of `hash-max-listpack-value`.
local LONGEST = 64

local function write_meta(key, meta)
  if #meta <= LONGEST then
    call('HSET', key, '@', meta)
    call('HDEL', key, '=')
  else
    call('HSET', key, '@', string.sub(meta, 1, 22), '=', principal(meta))
  end
end

-- The id that a session was moved to, whose it was, and whether `delete` follows there; or nothing.
local function moved(key)
  local mark = call('HGET', key, '!')
  if mark and mark ~= '' then
    return string.sub(mark, 1, 22), string.sub(mark, 24), string.sub(mark, 23, 23) == '>'
  end
end

-- What `moved` reads. A logout from before somebody signed in is not about them.
local function mark_of(id, who)
  return id .. (#who > 1 and '|' or '>')
end

local function times(meta)
  local _, expires, left = struct.unpack('>I6I6I5', meta)
  return expires, expires + left
end

-- Redis ends a key in the millisecond after the one it is given.
local function expire(key, expires)
  call('PEXPIREAT', key, expires - 1)
end

local function bury(key, grace, to)
  call('DEL', key)
  call('HSET', key, '!', to or '')
  call('PEXPIRE', key, grace)
end

-- How long an entry may be ahead of its session. No rename or create takes so long.
local GRACE = 60000

-- The second entry of an id that may be ahead of its session.
local function ahead(id)
  return '+' .. id
end

-- The index never outlives the last of its sessions.
local function expire_index(set)
  local last = call('ZREVRANGE', set, 0, 0, 'WITHSCORES')
  if last[2] then
    call('PEXPIREAT', set, last[2])
  end
end

local function enter(index, who, id, expires)
  if index ~= '' and who ~= '' then
    local set = index .. who
    call('ZADD', set, expires, id)
    call('ZREMRANGEBYSCORE', set, '-inf', now())
    expire_index(set)
  end
end

local function leave(index, who, id)
  if index ~= '' and who ~= '' then
    call('ZREM', index .. who, id)
  end
end

-- The key's last characters: `index` is one longer than the prefix before them.
local function id_of(key, index)
  return string.sub(key, #index)
end
