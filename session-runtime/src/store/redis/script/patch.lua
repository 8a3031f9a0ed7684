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
  return (text == '0' or string.match(text, '^%-?[1-9]%d*$')) and (#text < 19
    or not less(text, '-9223372036854775808') and not less('9223372036854775807', text))
end

-- An integer as two numbers of its sign: billions, and what is left.
local function split(text)
  local negative = string.sub(text, 1, 1) == '-'
  local digits = negative and string.sub(text, 2) or text
  local high, low = tonumber(string.sub(digits, 1, -10)) or 0, tonumber(string.sub(digits, -9))
  if negative then
    return -high, -low
  end
  return high, low
end

local function exact_sum(a, b)
  -- Below 2^53, as nearly always, Lua's numbers are exact.
  if #a < 16 and #b < 16 then
    return string.format('%.0f', a + b)
  end
  local a_high, a_low = split(a)
  local b_high, b_low = split(b)
  local high, low, sign = a_high + b_high, a_low + b_low, ''
  local carry = math.floor(low / 1e9)
  high, low = high + carry, low - carry * 1e9
  if high < 0 then
    high, sign = -high, '-'
    if low > 0 then
      high, low = high - 1, 1e9 - low
    end
  end
  return high > 0 and string.format('%s%.0f%09.0f', sign, high, low)
    or string.format('%s%.0f', sign, low)
end

-- The sum of two integers within `i64`, kept within `min` and `max`.
local function sum(a, b, min, max)
  local text = exact_sum(a, b)
  return less(text, min) and min or less(max, text) and max or text
end

-- Why the patch is refused, as a flat list, since Webdis drops lists within lists; or nothing, and the
-- sums that it asks for by the place of their operation.
local function check(key, first)
  local i, sums = first, {}
  while ARGV[i] do
    local op, field = ARGV[i], ARGV[i + 1]
    if op == 'C' or op == 'N' then
      local held = call('HGET', key, field)
      if (op == 'C' and held ~= ARGV[i + 2]) or (op == 'N' and held) then
        local fields = call('HGETALL', key)
        table.insert(fields, 1, 'C')
        return fields
      end
    elseif op == 'A' then
      local held = call('HGET', key, field) or ARGV[i + 5]
      if not is_i64(held) then
        return {'M', field}
      end
      sums[i] = sum(held, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
    end
    i = i + arguments[op]
  end
  return nil, sums
end

local function write(key, first, sums)
  local i = first
  while ARGV[i] do
    local op, field = ARGV[i], ARGV[i + 1]
    if op == 'S' then
      call('HSET', key, field, ARGV[i + 2])
    elseif op == 'A' then
      call('HSET', key, field, sums[i])
    elseif op == 'D' then
      call('HDEL', key, field)
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
    local times = struct.pack('>I6I5', expires, deadline - expires)
    meta = string.sub(meta, 1, 6) .. times .. string.sub(meta, 18)
  elseif op == 'L' then
    meta = string.sub(meta, 1, 6) .. string.sub(expiry, 2) .. principal(meta)
  end
  if who ~= 'K' then
    meta = string.sub(meta, 1, 22) .. string.sub(who, 2)
  end
  return meta
end
