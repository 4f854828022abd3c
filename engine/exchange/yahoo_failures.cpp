// What answers of Yahoo's chart service mean that are no chart: by chart.error first, since the HTTP
// statuses beside it are not certain. A 429 is plain text, and on the first call no limit at all.
#include "engine/exchange/failure_parts.h"
#include "engine/exchange/json_members.h"
#include "engine/exchange/yahoo.h"

namespace bf::exchange::yahoo {
namespace {

struct ChartError {
  std::string code;  ///< "": the body has none
  std::string description;
};

ChartError read_error(std::string_view padded_body) {
  ChartError error;
  if (padded_body.size() > kErrorBytesMax) return error;
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object members;
  if (parser.iterate(json::padded(padded_body)).get(document) != simdjson::SUCCESS) return error;
  if (document["chart"]["error"].get_object().get(members) != simdjson::SUCCESS) return error;
  const bool read = json::for_each_member(members, [&](std::string_view key, auto content) {
    if (key == "code") return json::read_text(content, error.code);
    if (key == "description") return json::read_text(content, error.description);
    return true;
  });
  if (!read || error.code.empty()) error.code = "unreadable";
  return error;
}

Code meaning_of(const ChartError& error, int status) {
  if (error.code == "Not Found") return Code::kUnknownName;
  if (error.code == "Too Many Requests") return Code::kLimited;
  if (error.code == "Unauthorized") return Code::kBlocked;
  const bool server = error.code == "Internal Server Error" || error.code == "Service Unavailable";
  return server || status >= 500 ? Code::kUnavailable : Code::kRejected;
}

constexpr std::string_view kRefusesPrograms =
    "it refused the first request: Yahoo turns away programs that do not look like a browser, and "
    "some addresses altogether; this is no limit that waiting helps against. Try another address, "
    "or later";

std::string_view advice_for(Code code, const ApiResponse& response) {
  if (response.status >= 300 && response.status < 400) {
    return "it wants its visitor to go elsewhere first (in the EU: a page that asks for consent)";
  }
  switch (code) {
    case Code::kBlocked:
      return response.status == 429 ? kRefusesPrograms
                                    : "the service refuses this address or this program";
    case Code::kLimited:
      return "too many requests; wait, and look for other programs behind this address";
    case Code::kUnknownName:
      return "the service does not know this symbol; spell it as its pages do (^GSPC, BTC=F, "
             "BTC-USD)";
    case Code::kUnavailable:
      return "the service cannot answer at present";
    default:
      return {};
  }
}

/// `"Not Found" "No data found"`; "" for a body that is no error answer.
std::string said(const ChartError& error) {
  if (error.code.empty()) return {};
  return "\"" + printable(error.code, 40) + "\" \"" + printable(error.description) + "\"";
}

}  // namespace

std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now) {
  const ChartError error = read_error(response.body);
  const int status = response.status;
  if (status == 200 && error.code.empty() && looks_like_json(response.body)) return std::nullopt;

  Code code = code_of_status(status);
  if (status == 401) code = Code::kBlocked;
  if (!error.code.empty() && status != 429) {
    code = meaning_of(error, status);
  } else if (status < 400) {
    // A redirect, a portal's page, "Will be right back": nothing was answered. Never "no candles".
    code = Code::kUnavailable;
  }
  if (code == Code::kLimited && !response.answered_before) code = Code::kBlocked;
  const DurationMs wait = code == Code::kLimited ? retry_after_ms(response, now) : 0;
  const FailureText text = {"yahoo/chart", said(error), advice_for(code, response)};
  return make_failure(code, response, text, wait, now);
}

}  // namespace bf::exchange::yahoo
