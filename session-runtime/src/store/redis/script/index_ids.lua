-- Answers the ids in a principal's index. KEYS: the index.
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now())
return call('ZRANGE', KEYS[1], 0, -1)
