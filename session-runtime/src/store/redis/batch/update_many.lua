-- Updates many sessions. Each update changes one field, and keeps expiry and principal.
-- KEYS: the sessions. ARGV: for each session one of
--   A field delta min max   adds to the field; an absent one starts at 0; `delta` is within the
--                           bounds, and smaller than 2^52
--   S field text            sets the field
--   C field old new         sets the field if it holds the old text
-- Answers one letter for each session: `A` if its update is applied, or `?` if nothing has changed.
-- After a `?` the caller runs `update.lua`. It answers why the patch is refused, or it applies the
-- patch where this script could not be exact.
local answers, i = {}, 1
local pcall, tonumber, type, ARGV = redis.pcall, tonumber, type, ARGV
for n, key in ipairs(KEYS) do
  local op, field, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  -- On one server a tombstone has no `@`.
  local is_done = pcall('HEXISTS', key, '@') == 1
  if op == 'A' then
    -- HINCRBY fails if the field holds no integer, or if the sum is not within `i64`.
    local sum = is_done and pcall('HINCRBY', key, field, text)
    is_done = type(sum) == 'number'
    if is_done and (sum < tonumber(ARGV[i + 3]) or sum > tonumber(ARGV[i + 4])
      or sum >= 2 ^ 53 or sum <= -2 ^ 53) then
      -- Takes the sum back. The field was there before: if it had been absent, the sum would be
      -- `delta`, which is within the bounds.
      pcall('HINCRBY', key, field, -text)
      is_done = false
    end
    i = i + 5
  else
    if op == 'C' then
      is_done = is_done and pcall('HGET', key, field) == text
      i = i + 1
      text = ARGV[i + 2]
    end
    is_done = is_done and type(pcall('HSET', key, field, text)) == 'number'
    i = i + 3
  end
  answers[n] = is_done and 'A' or '?'
end
return table.concat(answers)
