#include "engine/sim/sim_exchange.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/sim/binance_venue.h"
#include "engine/sim/blofin_venue.h"
#include "engine/sim/fault_effects.h"
#include "engine/sim/framing_faults.h"
#include "engine/sim/mixer.h"
#include "engine/sim/okx_venue.h"
#include "engine/sim/row_faults.h"
#include "store/base/assert.h"

namespace bf::sim {
namespace {

constexpr std::uint64_t kRowDrawKey = 0x526f77U;

net::ServerResponse json_response(int status, std::string body) {
  net::ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
  return response;
}

/// The message as bytes, for a clock that is not the server's: that one writes its own Date header.
std::string with_own_date(const net::ServerResponse& response, TimeMs now) {
  std::string framing = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (response.close) framing += "Connection: close\r\n";
  return raw_message(response, now, framing, response.body);
}

/// 0 for what is no number of seconds.
std::int64_t whole_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() ? seconds : 0;
}

DurationMs told_to_stay_away(const net::ServerResponse& response) {
  if (response.status != 429 && response.status != 418) return 0;
  for (const auto& [name, value] : response.headers) {
    if (name == "Retry-After") return std::max<DurationMs>(0, whole_seconds(value)) * kSecondMs;
  }
  return 0;
}

/// Whether a client that these faults hit can read the answer.
bool arrives(const std::vector<const FaultRule*>& rules) {
  return std::none_of(rules.begin(), rules.end(), [](const FaultRule* rule) {
    switch (rule->kind) {
      case FaultKind::kCut:
      case FaultKind::kReset:
      case FaultKind::kStall:
      case FaultKind::kDrip:
      case FaultKind::kFraming:
      case FaultKind::kEncoding:
        return true;
      default:
        return false;
    }
  });
}

/// The open times that `call` asks about.
TimeRange asked_by(const RestCall& call) {
  if (call.endpoint != Endpoint::kKlines && call.endpoint != Endpoint::kFunding) return {};
  if (call.start && call.end) return {*call.start, *call.end + 1};
  if (call.endpoint == Endpoint::kFunding) {
    return {call.start.value_or(kTimeMin), call.end.value_or(kTimeMax)};
  }
  // Without an end it is the next so many candles, without a begin the last ones.
  const auto slots = static_cast<std::int64_t>(call.limit);
  if (call.start)
    return {*call.start,
            advance_slots(call.interval, slot_begin(call.interval, *call.start), slots)};
  if (!call.end) return {};
  return {advance_slots(call.interval, slot_begin(call.interval, *call.end), -slots),
          *call.end + 1};
}

/// Makes a request one for other candles than were asked for, where a fault wants that.
void mislead(const FaultRule& rule, RestCall& call) {
  if (rule.kind == FaultKind::kSymbolOf) call.symbol = rule.text;
  if (rule.kind == FaultKind::kIntervalOf) {
    const bool known = parse_archive_interval(rule.text, call.interval);
    BF_ASSERT(known);
  }
  if (rule.kind == FaultKind::kEarlier) {
    if (call.start) *call.start -= rule.value;
    if (call.end) *call.end -= rule.value;
  }
}

}  // namespace

SimExchange::SimExchange(async::Loop& loop, const Truth& truth, SimOptions options)
    : loop_(loop),
      options_(std::move(options)),
      archive_(truth, options_.archive),
      ledger_(options_.keep_ledger) {
  venues_.push_back(std::make_unique<BinanceVenue>(truth, options_.published, options_.limits));
  venues_.push_back(std::make_unique<OkxVenue>(truth, options_.okx, options_.limits));
  venues_.push_back(std::make_unique<BlofinVenue>(truth, options_.blofin, options_.limits));
  venues_.push_back(std::make_unique<BitunixVenue>(truth, options_.bitunix, options_.limits));
  venues_.push_back(std::make_unique<BybitVenue>(truth, options_.bybit, options_.limits));
  venues_.push_back(std::make_unique<DeribitVenue>(truth, options_.deribit, options_.limits));
  venues_.push_back(std::make_unique<YahooVenue>(truth, options_.yahoo, options_.limits));
}

async::Task<net::ServerResponse> SimExchange::handle(net::ServerRequest request,
                                                     async::CancelToken /*cancel*/) {
  co_return answer(request);
}

net::ServerResponse SimExchange::answer(const net::ServerRequest& request) {
  LedgerEntry entry;
  entry.at = now();
  entry.number = ++requests_;
  entry.connection = request.connection;
  Query query = parse_query(request.target);
  for (const auto& [name, value] : request.headers) {
    if (name == "user-agent") query.user_agent = value;
  }
  std::optional<RestCall> call;
  net::ServerResponse response;
  for (const std::unique_ptr<Venue>& venue : venues_) {
    call = venue->read(query);
    if (!call) continue;
    response = answer_rest(*venue, *std::move(call), entry);
    break;
  }
  if (!call && query.path == "/dapi/v1/exchangeInfo") {
    response = json_response(200, R"({"symbols":[]})");
  } else if (!call) {
    response = answer_archive(query, entry);
  }
  entry.safe = request.method == "GET" || request.method == "HEAD";
  entry.status = response.status;
  entry.bytes = response.body.size();
  entry.hash = hash_of(response.body);
  ledger_.record(std::move(entry));
  if (options_.clock_offset_ms != 0 && response.raw.empty()) {
    response.raw = with_own_date(response, now());
  }
  return response;
}

net::ServerResponse SimExchange::answer_rest(Venue& venue, RestCall call, LedgerEntry& entry) {
  entry.endpoint = call.endpoint;
  entry.market = call.market;
  entry.symbol = call.symbol;
  entry.interval = call.interval;
  entry.start = call.start.value_or(-1);
  entry.end = call.end.value_or(-1);
  entry.limit = call.limit;
  entry.weight = call.weight;
  Admission admission = venue.admit(call, entry.at);
  entry.out_of_turn = admission.out_of_turn;
  if (admission.refusal) {
    entry.refused = true;
    entry.stay_away_ms = told_to_stay_away(*admission.refusal);
    admission.refusal->delay_ns = options_.latency_ns;
    return *std::move(admission.refusal);
  }
  const Rules rules = pick_faults(entry, asked_by(call));
  for (const FaultRule* rule : rules) mislead(*rule, call);
  const RowChange change = [&rules, draw = mix(kRowDrawKey, entry.number)](std::string& rows) {
    for (const FaultRule* rule : rules) {
      if (changes_rows(rule->kind) && !rows.empty()) apply_to_rows(*rule, draw, rows);
    }
  };
  RestAnswer answer = venue.answer(call, entry.at, change);
  entry.rows = answer.rows;
  net::ServerResponse response = json_response(answer.status, std::move(answer.body));
  for (auto& header : admission.headers) response.headers.push_back(std::move(header));
  response.gzip = options_.gzip;
  response.delay_ns = options_.latency_ns;
  const FaultTarget target{&venue, &call};
  for (const FaultRule* rule : rules) apply_fault(*rule, target, entry.at, response);
  if (!arrives(rules)) return response;
  entry.stay_away_ms = told_to_stay_away(response);
  // A fault that tells the client to stay away is one that the ledger then holds it to.
  const DurationMs length = std::min(entry.stay_away_ms, kBanMsMax);
  if (length > 0) venue.expect_silence(entry.market, entry.at, entry.at + length);
  return response;
}

net::ServerResponse SimExchange::answer_archive(const Query& query, LedgerEntry& entry) {
  ArchiveAnswer answer = archive_.get(query, entry.at);
  entry.endpoint = answer.endpoint;
  entry.market = answer.market;
  entry.symbol = query.path;
  const Rules rules = pick_faults(entry, answer.range);
  // The same row in the file and in what its CHECKSUM is of.
  const std::uint64_t draw = mix(kRowDrawKey, static_cast<std::uint64_t>(answer.range.from));
  if (answer.status == 200) archive_.damage(query, rules, draw, answer);
  net::ServerResponse response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  response.headers.emplace_back("Content-Type", std::string(answer.content_type));
  response.delay_ns = options_.latency_ns;
  for (const FaultRule* rule : rules) apply_fault(*rule, FaultTarget{}, entry.at, response);
  return response;
}

SimExchange::Rules SimExchange::pick_faults(LedgerEntry& entry, TimeRange asked) {
  if (options_.faults.empty()) return {};
  FaultSubject subject;
  subject.endpoint = entry.endpoint;
  subject.market = entry.market;
  subject.symbol = entry.symbol;
  subject.connection = entry.connection;
  subject.number = entry.number;
  subject.now = entry.at;
  subject.asked = asked;
  Rules rules = options_.faults.pick(subject);
  for (const FaultRule* rule : rules) {
    if (!entry.faults.empty()) entry.faults += '+';
    entry.faults += fault_name(rule->kind);
  }
  return rules;
}

}  // namespace bf::sim
