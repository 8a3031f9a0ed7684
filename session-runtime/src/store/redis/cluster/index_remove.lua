-- Removes entries from an index.
-- KEYS: the index. ARGV: `1` to keep provisional entries, then ids.
local set = KEYS[1]
call('ZREMRANGEBYSCORE', set, '-inf', now())
for i = 2, #ARGV do
  local id = ARGV[i]
  if ARGV[1] ~= '1' or not call('ZSCORE', set, provisional(id)) then
    call('ZREM', set, id, provisional(id))
  end
end
return 1
