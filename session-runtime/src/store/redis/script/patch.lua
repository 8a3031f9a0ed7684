-- Patches, for `update.lua`, `rename.lua` and `move_out.lua`. The last arguments of these scripts
-- are the patch's operations on fields. `first` is the position of the first one. Each is one of:
--   C field text                  the field must hold this text, otherwise the patch is a conflict
--   N field                       the field must be absent, otherwise the patch is a conflict
--   S field text                  sets the field
--   D field                       removes the field
--   A field delta min max start   adds to the field; the patch is a mismatch if it holds no integer

-- How many arguments each takes, its letter included.
local arguments = {C = 3, N = 2, S = 3, D = 2, A = 6}

-- Whether a < b, for integers as text in canonical form.
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

-- Splits an integer into billions and the rest. Both have its sign.
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
  -- Lua's numbers are exact below 2^53. Nearly all sums are.
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

-- The sum of two integers, clamped to `min` and `max`.
local function sum(a, b, min, max)
  local text = exact_sum(a, b)
  return less(text, min) and min or less(max, text) and max or text
end

-- Checks the patch. If it is refused, the result is the script's answer: a flat list, because
-- Webdis drops lists within lists. Otherwise the result is nil, and the sums to write by the
-- position of their operation.
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

-- The meta after the patch.
-- expiry: `K` keeps it; `E` and a time extends it until then; `L` and the packed form of
-- expires_at, deadline and lifetime replaces it.
-- who: `K` keeps the principal; `S` and a principal replaces it; `S` with nothing removes it.
local function patched_meta(meta, expiry, who)
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
