#include "engine/sim/sim_exchange.h"

#include <charconv>
#include <utility>

#include "engine/sim/fault_effects.h"
#include "engine/sim/mixer.h"
#include "store/base/http_date.h"

namespace bf::sim {
namespace {

constexpr std::uint64_t kRowDrawKey = 0x526f77U;

ClientLimits make_limits(Market market, const SimOptions& options) {
  LimitOptions limits;
  limits.enforced = options.limits;
  if (market == Market::kUm) {
    limits.weight_per_minute = options.published.um_weight_per_minute;
  } else {
    limits.weight_per_minute = options.published.spot_weight_per_minute;
    limits.requests_per_5_minutes = options.published.spot_requests_per_5_minutes;
  }
  return ClientLimits(limits);
}

net::ServerResponse json_response(int status, std::string body) {
  net::ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
  return response;
}

/// The message as bytes, for a clock that is not the server's: that one writes its own Date header.
std::string with_own_date(const net::ServerResponse& response, TimeMs now) {
  std::string message = "HTTP/1.1 " + std::to_string(response.status) +
                        " Simulated\r\nDate: " + format_http_date(now) +
                        "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    message.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.close) message += "Connection: close\r\n";
  message += "\r\n";
  message += response.body;
  return message;
}

}  // namespace

SimExchange::SimExchange(async::Loop& loop, const Truth& truth, SimOptions options)
    : loop_(loop),
      options_(std::move(options)),
      rest_(truth, options_.published),
      archive_(truth, options_.archive),
      limits_{make_limits(Market::kUm, options_), make_limits(Market::kSpot, options_)},
      ledger_(options_.keep_ledger) {}

async::Task<net::ServerResponse> SimExchange::handle(net::ServerRequest request,
                                                     async::CancelToken /*cancel*/) {
  co_return answer(request);
}

net::ServerResponse SimExchange::answer(const net::ServerRequest& request) {
  LedgerEntry entry;
  entry.at = now();
  entry.number = ++requests_;
  entry.connection = request.connection;
  const Query query = parse_query(request.target);
  std::optional<RestCall> call = BinanceRest::read(query);
  net::ServerResponse response;
  if (call) {
    response = answer_rest(std::move(*call), entry);
  } else if (query.path == "/dapi/v1/exchangeInfo") {
    response = json_response(200, R"({"symbols":[]})");
  } else {
    response = answer_archive(query, entry);
  }
  entry.status = response.status;
  ledger_.record(std::move(entry));
  if (options_.clock_offset_ms != 0) response.raw = with_own_date(response, now());
  return response;
}

net::ServerResponse SimExchange::answer_rest(RestCall call, LedgerEntry& entry) {
  entry.endpoint = call.endpoint;
  entry.market = call.market;
  entry.symbol = call.symbol;
  entry.interval = call.interval;
  entry.start = call.start.value_or(-1);
  entry.end = call.end.value_or(-1);
  entry.limit = call.limit;
  entry.weight = call.weight;
  const LimitVerdict verdict = limits_of(call.market).charge(call.weight, entry.at);
  entry.out_of_turn = verdict.out_of_turn;
  if (verdict.status != 200) return refuse(call, verdict);

  const Rules rules = pick_faults(entry);
  for (const FaultRule* rule : rules) {
    if (rule->kind == FaultKind::kSymbolOf) call.symbol = rule->text;
  }
  RestAnswer answer = rest_.answer(call, entry.at);
  entry.rows = answer.rows;
  net::ServerResponse response = json_response(answer.status, std::move(answer.body));
  response.headers.emplace_back(used_weight_header(call.market),
                                std::to_string(verdict.used_weight));
  response.gzip = options_.gzip;
  response.delay_ns = options_.latency_ns;
  apply_faults(rules, &call, entry, response);
  return response;
}

net::ServerResponse SimExchange::answer_archive(const Query& query, LedgerEntry& entry) {
  ArchiveAnswer answer = archive_.get(query, entry.at);
  entry.endpoint = answer.endpoint;
  entry.market = answer.market;
  entry.symbol = query.path;
  const Rules rules = pick_faults(entry);
  net::ServerResponse response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  response.headers.emplace_back("Content-Type", std::string(answer.content_type));
  response.delay_ns = options_.latency_ns;
  apply_faults(rules, nullptr, entry, response);
  return response;
}

net::ServerResponse SimExchange::refuse(const RestCall& call, const LimitVerdict& verdict) const {
  RestError error;
  error.code = -1003;
  if (verdict.status == 418) {
    error.message = "Way too many requests; IP(127.0.0.1) banned until " +
                    std::to_string(verdict.banned_until) +
                    ". Please use the websocket for live updates to avoid bans.";
  } else {
    error.message =
        "Too many requests; please use the websocket for live updates to avoid polling the API.";
  }
  net::ServerResponse response = json_response(verdict.status, error_body(error));
  response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  response.headers.emplace_back(used_weight_header(call.market),
                                std::to_string(verdict.used_weight));
  response.delay_ns = options_.latency_ns;
  return response;
}

SimExchange::Rules SimExchange::pick_faults(LedgerEntry& entry) {
  if (options_.faults.empty()) return {};
  FaultSubject subject;
  subject.endpoint = entry.endpoint;
  subject.market = entry.market;
  subject.symbol = entry.symbol;
  subject.connection = entry.connection;
  subject.number = entry.number;
  subject.now = entry.at;
  Rules rules = options_.faults.pick(subject);
  for (const FaultRule* rule : rules) {
    if (!entry.faults.empty()) entry.faults += '+';
    entry.faults += fault_name(rule->kind);
  }
  return rules;
}

void SimExchange::apply_faults(const Rules& rules, const RestCall* call, const LedgerEntry& entry,
                               net::ServerResponse& response) {
  FaultTarget target;
  target.call = call;
  target.draw = mix(kRowDrawKey, entry.number);
  for (const FaultRule* rule : rules) {
    apply_fault(*rule, target, response);
    if (call != nullptr) note_told_pause(*rule, entry);
  }
}

/// A fault that tells the client to stay away is one that the ledger then holds it to.
void SimExchange::note_told_pause(const FaultRule& rule, const LedgerEntry& entry) {
  if (rule.kind != FaultKind::kStatus || (rule.value != 429 && rule.value != 418)) return;
  std::int64_t seconds = 0;
  const std::string& text = rule.retry_after;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds <= 0) return;
  const DurationMs length = std::min(seconds, kBanMsMax / kSecondMs) * kSecondMs;
  limits_of(entry.market).expect_silence(entry.at, entry.at + length);
}

}  // namespace bf::sim
