-- Deletes a session if it belongs to a principal.
-- KEYS: the session. ARGV: principal, tombstone time, `1` if a rename moves the session here.
-- Answers 1 if it wrote a tombstone, 0 if there is no session, 2 if the session belongs to somebody
-- else, or the id that the session was moved to.
local key, who = KEYS[1], ARGV[1]
local meta = read_meta(key)
if meta then
  if principal(meta) ~= who then
    return 2
  end
  write_tombstone(key, ARGV[2])
  return 1
end
local id = moved(key)
if id then
  local held = call('HMGET', key, '@', '=')
  return held[1] and principal(held[1] .. (held[2] or '')) == who and id or 0
end
if ARGV[3] == '1' and call('EXISTS', key) == 0 then
  -- The session has not arrived yet. The tombstone prevents that it is created.
  write_tombstone(key, ARGV[2])
  return 1
end
return 0
