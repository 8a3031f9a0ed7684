-- The fast path of `update.lua`. Nearly every update is one operation on one field, and keeps
-- expiry and principal. The server needs half the time for it here, because `common.lua` and
-- `patch.lua` have not defined their functions yet. If anything is out of the ordinary, this
-- changes nothing and the script goes on.
if ARGV[2] == 'K' and ARGV[3] == 'K' and #ARGV <= 9 then
  local key, op, field, text = KEYS[1], ARGV[4], ARGV[5], ARGV[6]
  if op == 'S' and #ARGV == 6 then
    local held = redis.call('HMGET', key, '@', '!')
    if held[1] and not held[2] then
      redis.call('HSET', key, field, text)
      return 'A'
    end
  elseif op == 'C' and ARGV[7] == 'S' then
    local held = redis.call('HMGET', key, '@', '!', field)
    if held[1] and not held[2] and held[3] == text then
      redis.call('HSET', key, field, ARGV[9])
      return 'A'
    end
  elseif op == 'A' then
    local held = redis.call('HMGET', key, '@', '!', field)
    local before = held[3] or ARGV[9] == '0' and '0'
    -- These numbers are below 2^53, where Lua is exact. Their sum never reaches a bound beyond
    -- 2^53.
    if held[1] and not held[2] and before and #before < 16 and #text < 16 then
      local sum = (tonumber(before) or 1e308) + text
      if sum >= tonumber(ARGV[7]) and sum <= tonumber(ARGV[8]) then
        -- HINCRBY fails if the field holds no integer. Then it has changed nothing.
        if type(redis.pcall('HINCRBY', key, field, text)) == 'number' then
          return 'A'
        end
      end
    end
  end
end
