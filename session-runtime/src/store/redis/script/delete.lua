-- Deletes a session, and follows it if it was renamed.
-- KEYS: the session. ARGV: index, tombstone time.
-- Answers the session's principal, or an empty text if it had none or was not there. On a cluster
-- it answers {`T`, id} if the caller must follow the session to this id: it may be on another
-- server.
local key, index, tombstone_time = KEYS[1], ARGV[1], ARGV[2]
local id, _, follows = moved(key)
while id and follows do
  if index == '' then
    return {'T', id}
  end
  write_tombstone(key, tombstone_time)
  key = string.sub(key, 1, #index - 1) .. id
  id, _, follows = moved(key)
end
local meta = read_meta(key)
-- On a cluster the mark of a renamed session stays: a rename that is still moving it needs the
-- mark.
if not id or index ~= '' then
  write_tombstone(key, tombstone_time)
end
if not meta then
  return ''
end
remove_from_index(index, principal(meta), id_of(key, index))
return principal(meta)
