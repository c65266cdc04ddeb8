-- wrk script: sends the calls of a plan file, each with an id of its own.
-- Arguments: PLAN FIRST_ID; the plan's ids all have the same number of digits, so Content-Length stays true.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local plan = dofile(args[1])
  heads, tail, count = plan.heads, plan.tail, #plan.heads
  id, wrong = tonumber(args[2]), 0
  if plan.expected then
    -- Defined only when asked for: wrk gathers every body once this function exists.
    response = function(status, headers, body)
      if not string.find(body, plan.expected, 1, true) then wrong = wrong + 1 end
    end
  end
end

function request()
  id = id + 1
  return heads[id % count + 1] .. id .. tail
end

function done(summary, latency, requests)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrong") end
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"wrong":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, wrong))
end
