-- Enters a session in an index on a cluster. KEYS: the set. ARGV: id, the time until which the entry
-- counts, `1` if it is ahead of its session, then, if any, the id that it replaces.
local set, id, time = KEYS[1], ARGV[1], now()
call('ZADD', set, 'GT', ARGV[2], id)
if ARGV[3] == '1' then
  call('ZADD', set, time + GRACE, ahead(id))
else
  call('ZREM', set, ahead(id))
end
if ARGV[4] then
  call('ZREM', set, ARGV[4])
end
call('ZREMRANGEBYSCORE', set, '-inf', time)
expire_index(set)
return 1
