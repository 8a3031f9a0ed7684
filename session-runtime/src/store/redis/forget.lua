-- Removes entries from an index on a cluster. KEYS: the set. ARGV: `1` to spare those that may have
-- been written ahead of their sessions, then ids.
local set = KEYS[1]
local settled = now() + GRACE
for i = 2, #ARGV do
  local score = ARGV[1] == '1' and call('ZSCORE', set, ARGV[i])
  if not score or tonumber(score) > settled then
    call('ZREM', set, ARGV[i])
  end
end
return 1
