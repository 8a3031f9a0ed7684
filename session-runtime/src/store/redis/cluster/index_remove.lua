-- Removes entries from an index on a cluster. KEYS: the set. ARGV: `1` to spare those that may be ahead
-- of their sessions, then ids.
local set = KEYS[1]
call('ZREMRANGEBYSCORE', set, '-inf', now())
for i = 2, #ARGV do
  local id = ARGV[i]
  if ARGV[1] ~= '1' or not call('ZSCORE', set, ahead(id)) then
    call('ZREM', set, id, ahead(id))
  end
end
return 1
