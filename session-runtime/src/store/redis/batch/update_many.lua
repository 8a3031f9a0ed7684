-- Updates of many sessions at once. Each changes one field and leaves expiry and principal as they are.
-- KEYS: the sessions. ARGV: for each of them one of
--   A field delta min max   adds to the field, which starts at 0; `delta` is within the bounds and below 2^52
--   S field text            sets the field
--   C field old new         sets the field if it holds the old text
-- Answers a letter for each: `A` applied, or `?`. Then nothing has changed, and why is for the script of
-- one update to say: the session is gone, the patch is refused, or what is here would not do it exactly.
local answers, i = {}, 1
local pcall, tonumber, type, ARGV = redis.pcall, tonumber, type, ARGV
for n, key in ipairs(KEYS) do
  local op, field, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  -- On one server a tombstone has no `@`.
  local is_done = pcall('HEXISTS', key, '@') == 1
  if op == 'A' then
    -- An error is that the field holds no integer, or none that can take as much.
    local sum = is_done and pcall('HINCRBY', key, field, text)
    is_done = type(sum) == 'number'
    if is_done and (sum < tonumber(ARGV[i + 3]) or sum > tonumber(ARGV[i + 4])
      or sum >= 2 ^ 53 or sum <= -2 ^ 53) then
      -- The field was there, for an absent one would hold `delta` now.
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
