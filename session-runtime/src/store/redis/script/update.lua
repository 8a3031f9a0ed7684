-- Patches a session.
-- KEYS: the session. ARGV: index, expiry, principal, then the patch's operations on fields.
-- Answers `A` applied, `G` gone, {`C`, fields..} conflict, or {`M`, field} mismatch.
local key, index = KEYS[1], ARGV[1]
local before = read_meta(key)
if not before then
  return 'G'
end
local refused, sums = check(key, 4)
if refused then
  return refused
end
write(key, 4, sums)
local after = patched_meta(before, ARGV[2], ARGV[3])
if after ~= before then
  write_meta(key, after)
  local expires = times(after)
  if expires ~= times(before) then
    expire(key, expires)
  end
  local id = id_of(key, index)
  if principal(before) ~= principal(after) then
    remove_from_index(index, principal(before), id)
  end
  add_to_index(index, principal(after), id, expires)
end
return 'A'
