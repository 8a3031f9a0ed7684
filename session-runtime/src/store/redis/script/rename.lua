-- KEYS: the session, its new key. ARGV: index, expiry, principal, tombstone time, then operations.
-- Answers as `update`, or `X`: the new key is in use.
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
local after = changed(before, ARGV[2], ARGV[3])
write_meta(from, after)
call('RENAME', from, to)
bury(from, ARGV[4], mark_of(id_of(to, index), ARGV[3]))
local expires = times(after)
expire(to, expires)
leave(index, principal(before), id_of(from, index))
enter(index, principal(after), id_of(to, index), expires)
return 'A'
