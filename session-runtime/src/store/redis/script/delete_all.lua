-- Ends up to `limit` sessions of a principal.
-- KEYS: the set of the principal's index. ARGV: prefix of session keys, principal, id to spare,
-- tombstone time, limit. Answers how many were ended, and how many entries are left to look at.
local set, prefix, who, spared = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local ended = 0
for _, id in ipairs(call('ZRANGE', set, 0, ARGV[5])) do
  if id ~= spared then
    local key = prefix .. id
    -- A key of another type is nobody's session.
    local ours, meta = pcall(read_meta, key)
    if ours and meta and principal(meta) == who then
      bury(key, ARGV[4])
      ended = ended + 1
    end
    call('ZREM', set, id)
  end
end
local left = call('ZCARD', set)
if call('ZSCORE', set, spared) then
  left = left - 1
end
return {ended, left}
