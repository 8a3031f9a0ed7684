-- KEYS: the session. ARGV: index, tombstone time. Follows it where it was renamed to. Answers whose it
-- was, or nothing; on a cluster {`T`, id} if another server may have it.
local key, index, grace = KEYS[1], ARGV[1], ARGV[2]
local id, _, follows = moved(key)
while id and follows do
  if index == '' then
    return {'T', id}
  end
  bury(key, grace)
  key = string.sub(key, 1, #index - 1) .. id
  id, _, follows = moved(key)
end
local meta = read_meta(key)
-- The mark of one that is still moving is needed.
if not id or index ~= '' then
  bury(key, grace)
end
if not meta then
  return ''
end
leave(index, principal(meta), id_of(key, index))
return principal(meta)
