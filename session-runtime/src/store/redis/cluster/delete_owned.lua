-- Ends a session of a principal. KEYS: the session. ARGV: principal, tombstone time, and `1` if the
-- session was moved to this key, where it may not have arrived yet.
-- Answers 1 if it ended it, 0 if none is there, 2 if it is somebody else's, or the id it moved to.
local key, who = KEYS[1], ARGV[1]
local meta = read_meta(key)
if meta then
  if principal(meta) ~= who then
    return 2
  end
  bury(key, ARGV[2])
  return 1
end
local id = moved(key)
if id then
  local held = call('HMGET', key, '@', '=')
  return held[1] and principal(held[1] .. (held[2] or '')) == who and id or 0
end
if ARGV[3] == '1' and call('EXISTS', key) == 0 then
  -- It is not created any more.
  bury(key, ARGV[2])
  return 1
end
return 0
