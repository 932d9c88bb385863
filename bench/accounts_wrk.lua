-- What wrk has measured, as lines "name value".
function done(summary, latency, requests)
  local seconds = summary.duration / 1e6
  local e = summary.errors
  io.write(string.format("requests %d\nrequests_per_s %.1f\np50_us %.1f\np99_us %.1f\nmax_us %.1f\nfailed %d\n",
    summary.requests, summary.requests / seconds, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect + e.read + e.write + e.status + e.timeout))
end
