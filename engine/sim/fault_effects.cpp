#include "engine/sim/fault_effects.h"

#include <algorithm>
#include <utility>

#include "engine/sim/encoding_faults.h"
#include "engine/sim/framing_faults.h"
#include "engine/sim/json_faults.h"

namespace bf::sim {
namespace {

constexpr std::string_view kHtmlPage =
    "<html>\r\n<head><title>Welcome</title></head>\r\n<body>Please sign in to use this "
    "network.</body>\r\n</html>\r\n";

void set_header(net::Headers& headers, const std::string& name, std::string value) {
  std::erase_if(headers, [&name](const auto& header) { return header.first == name; });
  headers.emplace_back(name, std::move(value));
}

std::string status_body(const Venue* venue, int status) {
  if (status == 403) return "<html><body><h1>403 Forbidden</h1></body></html>";
  if (status == 502 || venue == nullptr) {
    return "<html><head><title>" + std::to_string(status) + "</title></head></html>";
  }
  return venue->status_body(status);
}

void answer_status(const FaultRule& rule, const Venue* venue, net::ServerResponse& response) {
  response.status = static_cast<int>(rule.value);
  response.body = status_body(venue, response.status);
  const bool html = response.body.starts_with('<');
  set_header(response.headers, "Content-Type", html ? "text/html" : "application/json");
  if (!rule.retry_after.empty()) set_header(response.headers, "Retry-After", rule.retry_after);
}

/// Whether the answer's rows were changed as rows.
bool has_rows(const RestCall& call) noexcept {
  return call.endpoint == Endpoint::kKlines || call.endpoint == Endpoint::kFunding;
}

void truncate(std::string& body, std::int64_t size) {
  if (static_cast<std::size_t>(size) < body.size()) body.resize(static_cast<std::size_t>(size));
}

void set_used_weight(const FaultRule& rule, const FaultTarget& target,
                     net::ServerResponse& response) {
  if (target.call == nullptr) return;
  const std::string name(target.venue->usage_header(target.call->market));
  if (name.empty()) return;
  std::erase_if(response.headers, [&name](const auto& header) { return header.first == name; });
  if (rule.value >= 0) response.headers.emplace_back(name, std::to_string(rule.value));
}

/// A hash that is none of this file: its first digit is another.
void break_checksum(std::string& body) {
  if (!body.empty()) body.front() = body.front() == '0' ? '1' : '0';
}

}  // namespace

void apply_fault(const FaultRule& rule, const FaultTarget& target, TimeMs now,
                 net::ServerResponse& response) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  const bool archive = target.call == nullptr;
  switch (rule.kind) {
    case FaultKind::kStatus:
      answer_status(rule, target.venue, response);
      break;
    case FaultKind::kHtml:
      response.status = 200;
      response.body = kHtmlPage;
      set_header(response.headers, "Content-Type", "text/html");
      break;
    case FaultKind::kEmpty:
      if (target.call == nullptr || !has_rows(*target.call)) {
        response.body = "[]";
      }
      break;
    case FaultKind::kTruncate:
      truncate(response.body, rule.value);
      break;
    case FaultKind::kHeader: {
      const std::size_t colon = rule.text.find(':');
      set_header(response.headers, rule.text.substr(0, colon), rule.text.substr(colon + 1));
      break;
    }
    case FaultKind::kBody:
      response.body = rule.text;
      break;
    case FaultKind::kReset:
      response.reset = true;
      response.cut_after = rule.value;
      break;
    case FaultKind::kCut:
      response.cut_after = rule.value;
      break;
    case FaultKind::kStall:
      response.stall_after = rule.value;
      break;
    case FaultKind::kDelay:
      response.delay_ns += rule.value * kNsPerMs;
      break;
    case FaultKind::kDrip:
      response.bytes_per_second = rule.value;
      break;
    case FaultKind::kFraming:
      apply_framing(rule.text, now, response);
      break;
    case FaultKind::kEncoding:
      apply_encoding(rule.text, response);
      break;
    case FaultKind::kJson:
      apply_json(rule.text, response.body);
      break;
    case FaultKind::kClose:
      response.close = true;
      break;
    case FaultKind::kGzip:
      response.gzip = true;
      break;
    case FaultKind::kPlain:
      response.gzip = false;
      break;
    case FaultKind::kUsedWeight:
      set_used_weight(rule, target, response);
      break;
    case FaultKind::kChecksum:
      if (archive && response.status == 200) break_checksum(response.body);
      break;
    case FaultKind::kTruncateZip:
      if (archive && response.status == 200) truncate(response.body, rule.value);
      break;
    case FaultKind::kNotFound:
      response.status = 404;
      response.body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>";
      break;
    default:
      break;  // of the request or of the rows
  }
}

}  // namespace bf::sim
