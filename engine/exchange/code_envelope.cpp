#include "engine/exchange/code_envelope.h"

#include <algorithm>
#include <string>

#include "engine/exchange/failure_parts.h"

namespace bf::exchange::envelope {
namespace {

/// A code's text is as long at most; longer ones are no codes.
constexpr std::size_t kCodeBytesMax = 18;

/// The code and the message of an answer.
struct Outcome {
  std::string code;         ///< "": the body is no envelope
  std::int64_t number = 0;  ///< -1: the code is no number
  std::string message;
};

/// A code as a string or a number; false for anything else.
bool read_code(json::value content, Outcome& outcome) {
  const JsonScalar scalar(content.raw_json_token());
  const char* const end = scan_whole_number(scalar.begin, scalar.end, outcome.number);
  if (scalar.ends_at(end)) {
    outcome.code.assign(scalar.begin, end);
    return true;
  }
  outcome.number = -1;
  return json::read_text(content, outcome.code) && outcome.code.size() <= kCodeBytesMax;
}

Outcome read_outcome(std::string_view padded_body) {
  Outcome outcome;
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::object members;
  if (parser.iterate(json::padded(padded_body)).get(document) != simdjson::SUCCESS) return outcome;
  if (document.get_object().get(members) != simdjson::SUCCESS) return outcome;
  json::value content;
  if (members["code"].get(content) != simdjson::SUCCESS) return outcome;
  if (!read_code(content, outcome)) return Outcome{};
  if (outcome.number == 0) return outcome;
  if (members["msg"].get(content) == simdjson::SUCCESS) {
    const bool read = json::read_text(content, outcome.message);
    if (!read) outcome.message.clear();
  }
  return outcome;
}

/// What the answer means, before the rules say what breaking a limit is.
Code judge(const ApiResponse& response, const Outcome& outcome, const FailureRules& rules) {
  const Code by_status = code_of_status(response.status);
  // These say more than any body; 5xx and pages in between say little, so that a code decides.
  if (by_status == Code::kBanned || by_status == Code::kLimited || by_status == Code::kBlocked) {
    return by_status;
  }
  if (!outcome.code.empty() && outcome.number != 0) {
    const Code meaning = meaning_of(rules.codes, outcome.number);
    const bool server_side = response.status >= 500 && meaning == Code::kRejected;
    return server_side ? Code::kUnavailable : meaning;
  }
  const bool empty = response.body.empty() && response.status < 400;
  // 204, 304, an empty 200, a portal's page, a list without its envelope: nothing was answered. Never
  // "no candles".
  return empty || response.status == 200 ? Code::kUnavailable : by_status;
}

}  // namespace

std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now,
                                     const FailureRules& rules) {
  const Outcome outcome = read_outcome(response.body);
  const bool good = !outcome.code.empty() && outcome.number == 0;
  if (response.status == 200 && good) return std::nullopt;

  Code code = judge(response, outcome, rules);
  DurationMs wait = 0;
  if (response.status == 403) {
    code = rules.forbidden;
    wait = rules.forbidden_ms;
  } else if (code == Code::kLimited) {
    code = rules.limited;
    wait = rules.limited_ms;
  }
  const DurationMs told = retry_after_ms(response, now);
  if (told > 0) wait = told;
  if (code != Code::kLimited && code != Code::kBanned) wait = 0;
  const FailureText text = {rules.source, good ? "" : said_code(outcome.code, outcome.message),
                            advice_for(code)};
  return make_failure(code, response, text, wait, now);
}

Result<void> read_envelope(std::string_view padded_body, const std::string& why,
                           const std::function<bool(json::value data)>& read_data) {
  // One a thread, kept: its buffers are as large as the largest page so far.
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::object members;
  bool has_code = false;
  bool has_data = false;
  simdjson::error_code error = parser.iterate(json::padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(members);
  std::string reason;
  if (error != simdjson::SUCCESS) reason = simdjson::error_message(error);
  const bool read = error == simdjson::SUCCESS &&
                    json::for_each_member(members, [&](std::string_view key, json::value content) {
                      if (key == "code") {
                        Outcome outcome;
                        if (!has_code && read_code(content, outcome) && outcome.number == 0) {
                          has_code = true;
                          return true;
                        }
                        reason = "its code is not \"0\"";
                        return false;
                      }
                      if (key != "data") return true;
                      if (has_data) {
                        reason = "it has data twice";
                        return false;
                      }
                      has_data = true;
                      return read_data(content);
                    });
  if (read && document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    reason = "more bytes follow it";
  } else if (read && !(has_code && has_data)) {
    reason = has_data ? "it has no code" : "it has no data";
  } else if (read) {
    return {};
  }
  if (reason.empty()) reason = why.empty() ? "broken JSON" : why;
  return fail(Code::kProtocol, "not a good answer: " + reason + "; it begins with \"" +
                                   printable(padded_body, 80) + "\"");
}

Result<TimeMs> parse_time(std::string_view padded_body) {
  TimeMs time = 0;
  const std::string why = "no \"ts\" that is a time";
  const Result<void> read = read_envelope(padded_body, why, [&time](json::value data) {
    return json::for_each_object(data, [&time](json::object members) {
      return json::for_each_member(members, [&time](std::string_view key, json::value content) {
        return key != "ts" || (time == 0 && json::read_digits(content, time));
      });
    });
  });
  if (!read) return fail(read.error());
  if (!json::is_instant(time)) {
    return fail(Code::kProtocol, "not a server time: \"" + printable(padded_body) + "\"");
  }
  return time;
}

}  // namespace bf::exchange::envelope
