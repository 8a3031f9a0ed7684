-- Some of a server's keys. ARGV: the run of the server that the cursor is of, or nothing; cursor,
-- pattern, count. Answers the run that the server is in, then, if it is still the same, the next
-- cursor and names of hashes: a flat list, since Webdis drops lists within lists.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if ARGV[1] ~= '' and ARGV[1] ~= run then
  return {run}
end
local found = redis.call('SCAN', ARGV[2], 'MATCH', ARGV[3], 'COUNT', ARGV[4], 'TYPE', 'hash')
local answer = {run, found[1]}
for _, name in ipairs(found[2]) do
  answer[#answer + 1] = name
end
return answer
