-- Reads one page of a server's keys. ARGV: the run of the server that the cursor belongs to, or an
-- empty text; cursor, pattern, count. A server has a new run id after each start.
-- Answers a flat list, because Webdis drops lists within lists: the server's run, then the next
-- cursor and the names of hashes. Cursor and names are missing if the run is not that of the
-- cursor.
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
