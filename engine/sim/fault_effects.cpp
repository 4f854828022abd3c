#include "engine/sim/fault_effects.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "engine/sim/kline_text.h"

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

/// An integer field times or divided by a thousand.
void change_unit(std::string& field, bool microseconds) {
  if (microseconds) {
    field += "000";
  } else if (field.size() > 3) {
    field.resize(field.size() - 3);
  }
}

void move_off_grid(KlineFields& fields) {
  std::int64_t open_time = 0;
  const std::string& text = fields[kOpenTimeField];
  std::from_chars(text.data(), text.data() + text.size(), open_time);
  fields[kOpenTimeField] = std::to_string(open_time + 1);
}

std::string changed_row(const FaultRule& rule, std::string_view row) {
  KlineFields fields = row_fields(row);
  if (rule.kind == FaultKind::kOffGrid) move_off_grid(fields);
  if (rule.kind == FaultKind::kNegativeVolume) fields[kVolumeField] = "-1.5";
  if (rule.kind == FaultKind::kHighBelowLow) {
    // Whatever the row holds, it contradicts itself: the low is above every price.
    fields[kLowField] = "1" + fields[kHighField];
  }
  return json_row(fields);
}

/// Changes the rows of a page; `draw` chooses the row.
void change_rows(const FaultRule& rule, std::uint64_t draw, std::vector<std::string>& rows) {
  const auto at = static_cast<std::ptrdiff_t>(draw % rows.size());
  const auto index = static_cast<std::size_t>(at);
  switch (rule.kind) {
    case FaultKind::kEmpty:
      rows.clear();
      break;
    case FaultKind::kMissing: {
      // From the middle: a page that is short at its end is an ordinary one.
      const std::size_t count = std::min(static_cast<std::size_t>(rule.value), rows.size());
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>((rows.size() - count) / 2);
      rows.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      break;
    }
    case FaultKind::kDuplicate: {
      std::string twice = rows[index];
      rows.insert(rows.begin() + at, std::move(twice));
      break;
    }
    case FaultKind::kUnordered:
      std::swap(rows[index], rows[(index + 1) % rows.size()]);
      break;
    case FaultKind::kEarly:
      rows.back() = forming_row(rows.back());
      break;
    case FaultKind::kUnit:
      for (std::string& row : rows) {
        KlineFields fields = row_fields(row);
        change_unit(fields[kOpenTimeField], rule.text == "us");
        change_unit(fields[kCloseTimeField], rule.text == "us");
        row = json_row(fields);
      }
      break;
    default:
      rows[index] = changed_row(rule, rows[index]);
      break;
  }
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

bool changes_rows(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::kEmpty:
    case FaultKind::kMissing:
    case FaultKind::kDuplicate:
    case FaultKind::kUnordered:
    case FaultKind::kOffGrid:
    case FaultKind::kHighBelowLow:
    case FaultKind::kNegativeVolume:
    case FaultKind::kEarly:
    case FaultKind::kUnit:
      return true;
    default:
      return false;
  }
}

void apply_to_rows(const FaultRule& rule, std::uint64_t draw, std::string& rows) {
  std::vector<std::string> split;
  for (const std::string_view row : split_rows(rows)) split.emplace_back(row);
  change_rows(rule, draw, split);
  rows = join_rows(split);
}

void apply_fault(const FaultRule& rule, const FaultTarget& target, net::ServerResponse& response) {
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
    case FaultKind::kCut:
      response.cut_after = rule.value;
      break;
    case FaultKind::kStall:
      response.stall_after = rule.value;
      break;
    case FaultKind::kDelay:
      response.delay_ns += rule.value * kNsPerMs;
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
    case FaultKind::kSymbolOf:
      break;
    default:
      break;  // of the rows
  }
}

}  // namespace bf::sim
