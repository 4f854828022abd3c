// engine/exchange/code_envelope.h
//
// Answers in the envelope {"code":"0","msg":"","data":[...]}, as OKX and BloFin have them. "0" is a good
// answer; every other code is an error, at whatever HTTP status. Codes are strings; numbers are taken
// too.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "engine/exchange/failure_parts.h"
#include "engine/exchange/json_members.h"
#include "engine/exchange/market_api.h"

namespace bf::exchange::envelope {

/// What the errors of one market mean.
struct FailureRules {
  std::string_view source;             ///< "okx/swap"
  std::span<const CodeMeaning> codes;  ///< codes that are absent are final: kRejected
  /// What HTTP 429 and codes that mean the same are (kLimited or kBanned), and how long to stay away
  /// where the answer does not say.
  Code limited = Code::kLimited;
  DurationMs limited_ms = 0;
  /// What HTTP 403 is (kBlocked or kBanned), and for how long it is a ban.
  Code forbidden = Code::kBlocked;
  DurationMs forbidden_ms = 0;
};
/// As MarketApi::failure().
[[nodiscard]] std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now,
                                                   const FailureRules& rules);

/// Reads an envelope that says "0" and has `data`, which `read_data` is called with, once.
/// Errors: kProtocol, in the words of `why` (filled by read_data) or of the JSON reader.
[[nodiscard]] Result<void> read_envelope(std::string_view padded_body, const std::string& why,
                                         const std::function<bool(json::value data)>& read_data);

/// The instant in {"data":[{"ts":"1597026383085"}]}. Errors: kProtocol.
[[nodiscard]] Result<TimeMs> parse_time(std::string_view padded_body);

}  // namespace bf::exchange::envelope
