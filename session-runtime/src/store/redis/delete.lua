-- KEYS: the session. ARGV: index, tombstone time.
local key, index = KEYS[1], ARGV[1]
local meta = read_meta(key)
bury(key, ARGV[2])
if meta then
  leave(index, principal(meta), id_of(key, index))
end
return 1
