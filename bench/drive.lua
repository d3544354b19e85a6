-- wrk's script: sends the requests of a file in turn (METHOD, path and body, split by tabs) and
-- prints one line of JSON. Every request is rendered before the clock starts.
local requests, count, position = {}, 0, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, body = line:match("^(%u+)\t([^\t]+)\t(.*)$")
    count = count + 1
    requests[count] = wrk.format(method, path, nil, body ~= "" and body or nil)
  end
  position = tonumber(arguments[2]) % count
end

function request()
  position = position % count + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"max_ms":%.4f,' ..
    '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
