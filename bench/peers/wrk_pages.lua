-- wrk asks for the pages of a series in turn: wrk ... URL -- FROM_MS PAGES. Prints what it got as JSON.
local requests, number = {}, 0

function init(arguments)
  local from, pages = tonumber(arguments[1]), tonumber(arguments[2])
  for page = 0, pages - 1 do
    local since = string.format("%.0f", from + page * 1000 * 60000)
    requests[page] = wrk.format("GET", "/fapi/v1/klines?symbol=P000USDT&startTime=" .. since)
  end
end

function request()
  number = number + 1
  return requests[number % (#requests + 1)]
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\n{"seconds":%.6f,"requests":%d,"failed":%d,"bytes":%.0f}\n',
    summary.duration / 1e6, summary.requests, failed, summary.bytes))
end
