-- Deletes sessions of a principal.
-- KEYS: the principal's index. ARGV: prefix of session keys, principal, id to keep, tombstone time,
-- how many entries to read.
-- Answers how many sessions it deleted, and how many entries are left to read.
local set, prefix, who, kept = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local deleted = 0
for _, id in ipairs(call('ZRANGE', set, 0, ARGV[5])) do
  if id ~= kept then
    local key = prefix .. id
    -- The call fails for a key of another type, which is no session.
    local is_hash, meta = pcall(read_meta, key)
    if is_hash and meta and principal(meta) == who then
      write_tombstone(key, ARGV[4])
      deleted = deleted + 1
    end
    call('ZREM', set, id)
  end
end
local left = call('ZCARD', set)
if call('ZSCORE', set, kept) then
  left = left - 1
end
return {deleted, left}
