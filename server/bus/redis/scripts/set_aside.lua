-- Moves a malformed entry from the input stream to a stream where an operator
-- can inspect it. Only the instance that acknowledges the entry moves it.
--
-- KEYS: 1 input stream, 2 stream for malformed entries
-- ARGV: 1 group, 2 id of the entry, 3 reason, 4 number of entries to keep,
--       5 bytes to keep of each field
-- Returns 1 if the entry was moved.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
local words = {'entry', ARGV[2], 'why', ARGV[3]}
for i, word in ipairs(entry and entry[2] or {}) do
  if i > 16 then break end
  words[#words + 1] = string.sub(word, 1, tonumber(ARGV[5]))
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(words))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
