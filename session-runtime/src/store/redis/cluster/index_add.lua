-- Adds an entry to an index.
-- KEYS: the index. ARGV: id, when the entry expires, `1` if the entry is provisional because its
-- session is not created yet, and the id of the entry that it replaces, if there is one.
local set, id, time = KEYS[1], ARGV[1], now()
call('ZADD', set, 'GT', ARGV[2], id)
if ARGV[3] == '1' then
  call('ZADD', set, time + PROVISIONAL_TIME, provisional(id))
else
  call('ZREM', set, provisional(id))
end
if ARGV[4] then
  call('ZREM', set, ARGV[4])
end
call('ZREMRANGEBYSCORE', set, '-inf', time)
expire_index(set)
return 1
