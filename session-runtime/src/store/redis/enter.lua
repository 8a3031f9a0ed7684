-- Enters a session in an index on a cluster. KEYS: the set. ARGV: id, the time until which the entry
-- counts, or nothing: it is written ahead of its session; then, if any, the id that it replaces.
local set, id = KEYS[1], ARGV[1]
local time = now()
call('ZADD', set, 'GT', ARGV[2] ~= '' and ARGV[2] or time + GRACE, id)
if ARGV[3] then
  call('ZREM', set, ARGV[3])
end
call('ZREMRANGEBYSCORE', set, '-inf', time)
expire_index(set)
return 1
