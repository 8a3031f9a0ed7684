-- Patches a session and moves it to a new key. On a cluster `move_out.lua` takes its place.
-- KEYS: the session, its new key. ARGV: index, expiry, principal, tombstone time, then the patch's
-- operations on fields.
-- Answers as `update.lua`, or `X`: the new key is in use.
local from, to, index = KEYS[1], KEYS[2], ARGV[1]
local before = read_meta(from)
if not before then
  return 'G'
end
if call('EXISTS', to) == 1 then
  return 'X'
end
local refused, sums = check(from, 5)
if refused then
  return refused
end
write(from, 5, sums)
local after = patched_meta(before, ARGV[2], ARGV[3])
write_meta(from, after)
call('RENAME', from, to)
write_tombstone(from, ARGV[4], moved_mark(id_of(to, index), ARGV[3]))
local expires = times(after)
expire(to, expires)
remove_from_index(index, principal(before), id_of(from, index))
add_to_index(index, principal(after), id_of(to, index), expires)
return 'A'
