-- Creates a session.
-- KEYS: the session. ARGV: index, meta, then names and texts of fields in turn.
-- Answers 1, or 0 if a live session or a tombstone is there.
local key, index, meta = KEYS[1], ARGV[1], ARGV[2]
if call('EXISTS', key) == 1 then
  return 0
end
write_meta(key, meta)
for i = 3, #ARGV, 2 do
  call('HSET', key, ARGV[i], ARGV[i + 1])
end
local expires = times(meta)
expire(key, expires)
add_to_index(index, principal(meta), id_of(key, index), expires)
return 1
