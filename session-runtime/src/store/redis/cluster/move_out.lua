-- The first half of a rename on a cluster: patches the session and marks it as moved. The second
-- half creates it under its new key.
-- KEYS: the session. ARGV: expiry, principal, how long the mark lasts, new id, then the patch's
-- operations on fields.
-- Answers as `update.lua`, or {`T`, old principal, fields}: the fields to create under the new id.
-- If the session is marked as moved to this id already, it answers {`R`, old principal, fields}.
local key, to = KEYS[1], ARGV[4]
local id, who = moved(key)
if id == to then
  return {'R', who, call('HGETALL', key)}
end
local before = read_meta(key)
if not before then
  return 'G'
end
local refused, sums = check(key, 5)
if refused then
  return refused
end
write(key, 5, sums)
write_meta(key, patched_meta(before, ARGV[1], ARGV[2]))
call('HSET', key, '!', moved_mark(to, ARGV[2]) .. principal(before))
call('PEXPIRE', key, ARGV[3])
return {'T', principal(before), call('HGETALL', key)}
