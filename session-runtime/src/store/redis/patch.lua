-- Patches, for `update` and `rename`. Operations are, from some argument on:
--   C key text                  the field holds this text, or the patch is a conflict
--   N key                       the field is absent, or the patch is a conflict
--   S key text                  sets the field
--   D key                       removes the field
--   A key delta min max start   adds to the field, or the patch is a mismatch

local arguments = {C = 3, N = 2, S = 3, D = 2, A = 6}

-- Whether one canonical integer is less than another, as text.
local function less(a, b)
  local negative = string.sub(a, 1, 1) == '-'
  if negative ~= (string.sub(b, 1, 1) == '-') then
    return negative
  end
  if negative then
    a, b = b, a
  end
  if #a ~= #b then
    return #a < #b
  end
  return a < b
end

local function is_i64(text)
  return (text == '0' or string.match(text, '^%-?[1-9]%d*$'))
    and not less(text, '-9223372036854775808') and not less('9223372036854775807', text)
end

-- Nothing, or why the patch is refused.
local function refusal(key, first)
  local i = first
  while ARGV[i] do
    local op, field = ARGV[i], ARGV[i + 1]
    if op == 'C' or op == 'N' then
      local held = call('HGET', key, field)
      if (op == 'C' and held ~= ARGV[i + 2]) or (op == 'N' and held) then
        return {'C', call('HGETALL', key)}
      end
    elseif op == 'A' then
      local held = call('HGET', key, field)
      if held and not is_i64(held) then
        return {'M', field}
      end
    end
    i = i + arguments[op]
  end
end

-- Exact over the whole of i64: Redis adds, the result is read as text.
local function add(key, field, delta, min, max, start)
  call('HSETNX', key, field, start)
  -- With what was checked it fails on overflow alone.
  local sum = redis.pcall('HINCRBY', key, field, delta)
  if type(sum) == 'table' then
    sum = string.sub(delta, 1, 1) == '-' and '-9223372036854775808' or '9223372036854775807'
  else
    sum = call('HGET', key, field)
  end
  local bounded = less(sum, min) and min or less(max, sum) and max or sum
  call('HSET', key, field, bounded)
end

local function write(key, first)
  local i = first
  while ARGV[i] do
    local op, field = ARGV[i], ARGV[i + 1]
    if op == 'S' then
      call('HSET', key, field, ARGV[i + 2])
    elseif op == 'D' then
      call('HDEL', key, field)
    elseif op == 'A' then
      add(key, field, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
    end
    i = i + arguments[op]
  end
end

-- What becomes of `meta`. Expiry: `K` keep, `E` and a time: extend until then, `L` and expires_at,
-- deadline and lifetime in their packed form. Principal: `K` keep, `S` and who, or `S` alone: nobody.
local function changed(meta, expiry, who)
  local op = string.sub(expiry, 1, 1)
  if op == 'E' then
    local expires, deadline = times(meta)
    expires = math.min(math.max(tonumber(string.sub(expiry, 2)), expires), deadline)
    meta = string.sub(meta, 1, 6) .. struct.pack('>I6', expires) .. string.sub(meta, 13)
  elseif op == 'L' then
    meta = string.sub(meta, 1, 6) .. string.sub(expiry, 2) .. principal(meta)
  end
  if who ~= 'K' then
    meta = string.sub(meta, 1, 24) .. string.sub(who, 2)
  end
  return meta
end
