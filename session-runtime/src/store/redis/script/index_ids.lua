-- The ids of a principal's sessions. KEYS: the set of the principal's index.
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now())
return call('ZRANGE', KEYS[1], 0, -1)
