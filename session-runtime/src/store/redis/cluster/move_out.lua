-- The first half of a rename between servers: marks the session as moved.
-- KEYS: the session. ARGV: expiry, principal, time that the mark lasts, new id, then operations.
-- Answers as `update`, or {`T`, whose it was, fields}: what is to be created under the new id; with `R`
-- the same again when it is repeated.
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
write_meta(key, changed(before, ARGV[1], ARGV[2]))
call('HSET', key, '!', mark_of(to, ARGV[2]) .. principal(before))
call('PEXPIRE', key, ARGV[3])
return {'T', principal(before), call('HGETALL', key)}
