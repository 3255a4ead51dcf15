package redisrepo

// The scripts see one key, KEYS[1], the list. A few hundred bytes of text go
// along with each call in place of a hash: the server knows them by then, and
// nothing needs to be loaded again after it has restarted.

// stateFunction has a text for all that the list holds: the number of values and
// a chain of hashes, each over the one before, which has 40 digits, and one value.
// It looks at a hundred values at a time to be modest with memory, and shows each
// to a function.
const stateFunction = `
local function chain(sum, value) return redis.sha1hex(sum .. value) end
local function state(show)
  local n, sum = redis.call('LLEN', KEYS[1]), ''
  for i = 0, n - 1, 100 do
    for _, value in ipairs(redis.call('LRANGE', KEYS[1], i, i + 99)) do
      sum = chain(sum, value)
      if show then show(value) end
    end
  end
  return n, sum
end
local function text(n, sum) return n .. '-' .. sum end
`

// stateScript returns the state.
const stateScript = stateFunction + `return text(state())`

// readScript returns the state and the values, of one moment.
const readScript = stateFunction + `return {text(state()), redis.call('LRANGE', KEYS[1], 0, -1)}`

// tellFunction sends the new state to whoever watches. That the user may not
// publish must not keep anybody from storing.
const tellFunction = stateFunction + `
local function tell(channel, n, sum)
  redis.pcall('PUBLISH', channel, text(n, sum))
end
`

// storeScript appends the value ARGV[3], tells on the channel ARGV[1], and
// returns nothing, if the list is in the state ARGV[2] or no value can have the
// name of ARGV[3]. Those that can hold its needle ARGV[4], or a character
// reference that may hide it. Else it returns the state and them, and it is for
// the caller to read them.
const storeScript = tellFunction + `
local alike = {}
local n, sum = state(function(value)
  if string.find(string.lower(value), ARGV[4], 1, true) or string.find(value, '&#', 1, true) then
    alike[#alike + 1] = value
  end
end)
if #alike > 0 and text(n, sum) ~= ARGV[2] then return {text(n, sum), alike} end
redis.call('RPUSH', KEYS[1], ARGV[3])
tell(ARGV[1], n + 1, chain(sum, ARGV[3]))
return {}`

// replaceScript puts the value ARGV[3] at the indexes that follow it, tells, and
// returns nothing, if the state is still ARGV[2]; else it returns the state.
const replaceScript = tellFunction + `
local now = text(state())
if now ~= ARGV[2] then return {now} end
for i = 4, #ARGV do redis.call('LSET', KEYS[1], ARGV[i], ARGV[3]) end
tell(ARGV[1], state())
return {}`

// removeScript removes every value that is among the arguments behind the
// channel ARGV[1], and returns how many there were.
const removeScript = tellFunction + `
local n = 0
for i = 2, #ARGV do n = n + redis.call('LREM', KEYS[1], 0, ARGV[i]) end
if n > 0 then tell(ARGV[1], state()) end
return n`
