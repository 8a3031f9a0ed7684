-- KEYS: the session. ARGV: index, tombstone time. Follows it where it was renamed to. Answers whose it
-- was, or nothing; on a cluster {`T`, id} if another server may have it.
local key, index = KEYS[1], ARGV[1]
local id = moved(key)
while id do
  if index == '' then
    return {'T', id}
  end
  key = string.sub(key, 1, #index - 1) .. id
  id = moved(key)
end
local meta = read_meta(key)
bury(key, ARGV[2])
if not meta then
  return ''
end
leave(index, principal(meta), id_of(key, index))
return principal(meta)
