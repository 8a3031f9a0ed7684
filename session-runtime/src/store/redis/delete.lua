-- KEYS: the session. ARGV: index, tombstone time. Answers whose it was, or nothing.
local key, index = KEYS[1], ARGV[1]
local meta = read_meta(key)
if not moved(key) then
  bury(key, ARGV[2])
end
if not meta then
  return ''
end
leave(index, principal(meta), id_of(key, index))
return principal(meta)
