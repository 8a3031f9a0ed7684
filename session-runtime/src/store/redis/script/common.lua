-- The first part of most scripts.
--
-- A session is a hash. It holds the session's fields, and these three. No session field can have
-- their names:
--   `@`  created_at and expires_at in six bytes each, the time from expires_at to the deadline and
--        the lifetime in five bytes each, then the principal, if there is one
--   `=`  the principal, if `@` would be too long for Redis to pack the hash tightly
--   `!`  marks a tombstone: the session was deleted or renamed. After a rename it holds the new id,
--        then `>` if `delete` must follow to the new key, or `|` if not. On a cluster the old
--        principal comes next, and the other fields stay: they are what the new key gets.
-- Scripts call `@` and `=` together meta.
--
-- The index of a principal is a sorted set. It holds the ids of the principal's sessions, by the
-- time at which the entry expires. On one server that is the expiry of the session, and the scripts
-- of a session keep its entry: `index` is the prefix of the indexes' keys.
--
-- On a cluster, index and session may be on different servers. Then `index` is empty, and
-- `index_add.lua` and `index_remove.lua` keep the entries. An entry expires at the session's
-- absolute deadline, so that a touch of the session does not have to write to the index. It is
-- written before its session is created. Until the session is there, a second entry, `+` and the
-- id, marks it as provisional, so that readers do not remove it. It stays provisional for
-- PROVISIONAL_TIME at most.
--
-- Times are below 2^48, so Lua's numbers hold them exactly. Integers in sessions can be larger, so
-- they are compared as text. Redis does not undo the writes of a script that fails, so every script
-- checks everything before its first write.

local call = redis.call

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function principal(meta)
  return string.sub(meta, 23)
end

-- The meta of a live session, otherwise nil.
local function read_meta(key)
  local held = call('HMGET', key, '@', '=', '!')
  if held[1] and not held[3] then
    return held[1] .. (held[2] or '')
  end
end

-- Redis packs a hash tightly only if no value is longer: the default of `hash-max-listpack-value`.
local MAX_PACKED = 64

local function write_meta(key, meta)
  if #meta <= MAX_PACKED then
    call('HSET', key, '@', meta)
    call('HDEL', key, '=')
  else
    call('HSET', key, '@', string.sub(meta, 1, 22), '=', principal(meta))
  end
end

-- Of a renamed session: its new id, its old principal (on a cluster), and whether `delete` must
-- follow to the new key. Otherwise nil.
local function moved(key)
  local mark = call('HGET', key, '!')
  if mark and mark ~= '' then
    return string.sub(mark, 1, 22), string.sub(mark, 24), string.sub(mark, 23, 23) == '>'
  end
end

-- The mark that `moved` reads. `who` is the patch's operation on the principal. If the rename
-- signed somebody in, a `delete` of the old key does not follow: that logout is older than the
-- login.
local function moved_mark(id, who)
  return id .. (#who > 1 and '|' or '>')
end

local function times(meta)
  local _, expires, left = struct.unpack('>I6I6I5', meta)
  return expires, expires + left
end

-- Redis deletes a key in the millisecond after the given one.
local function expire(key, expires)
  call('PEXPIREAT', key, expires - 1)
end

-- Replaces a session with a tombstone that lasts `lifetime` milliseconds.
local function write_tombstone(key, lifetime, mark)
  call('DEL', key)
  call('HSET', key, '!', mark or '')
  call('PEXPIRE', key, lifetime)
end

-- How long an entry stays provisional, in milliseconds. No rename or create takes longer.
local PROVISIONAL_TIME = 60000

-- The second entry of an id, while its entry is provisional.
local function provisional(id)
  return '+' .. id
end

-- An index expires with its last entry.
local function expire_index(set)
  local last = call('ZREVRANGE', set, 0, 0, 'WITHSCORES')
  if last[2] then
    call('PEXPIREAT', set, last[2])
  end
end

local function add_to_index(index, who, id, expires)
  if index ~= '' and who ~= '' then
    local set = index .. who
    call('ZADD', set, expires, id)
    call('ZREMRANGEBYSCORE', set, '-inf', now())
    expire_index(set)
  end
end

local function remove_from_index(index, who, id)
  if index ~= '' and who ~= '' then
    call('ZREM', index .. who, id)
  end
end

-- The id in a session's key. `index` is one character longer than the prefix of the key.
local function id_of(key, index)
  return string.sub(key, #index)
end
