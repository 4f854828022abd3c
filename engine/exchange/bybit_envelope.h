// engine/exchange/bybit_envelope.h
//
// What surrounds every answer of Bybit:
//   {"retCode":0,"retMsg":"OK","result":{...},"retExtInfo":{},"time":1700000131000}
#pragma once

#include <string>
#include <string_view>

#include "engine/exchange/json_members.h"
#include "store/base/result.h"
#include "store/base/series.h"

namespace bf::exchange::bybit {

/// Reads an answer member by member; Read is called as read(key, value) for each member of `result`,
/// and says by `trouble` why it returned false.
template <class Read>
class EnvelopeReader {
 public:
  EnvelopeReader(std::string& trouble, Read& read) : trouble_(trouble), read_(read) {}

  bool read_member(std::string_view key, json::value content) {
    if (key == "retCode") {
      std::int64_t code = -1;
      has_code_ = true;
      return (json::read_digits(content, code) && code == 0) || failed("retCode is not 0");
    }
    if (key == "time") {
      return (json::read_digits(content, time_) && json::is_instant(time_)) ||
             failed("time cannot be read");
    }
    return key != "result" || read_result(content);
  }
  bool complete() { return (has_code_ && has_result_) || failed("retCode or result is missing"); }
  [[nodiscard]] TimeMs time() const noexcept { return time_; }

 private:
  bool failed(std::string_view what) {
    if (trouble_.empty()) trouble_ = what;
    return false;
  }
  bool read_result(json::value content) {
    if (has_result_) return failed("result is there twice");
    has_result_ = true;
    json::object members;
    if (content.get_object().get(members) != simdjson::SUCCESS) {
      return failed("result is no object");
    }
    return json::for_each_member(members, read_) || failed("result is broken JSON");
  }

  std::string& trouble_;
  Read& read_;
  bool has_code_ = false;
  bool has_result_ = false;
  TimeMs time_ = 0;
};

/// Returns the envelope's time, 0 where it has none. Errors: kProtocol, beginning with `what`.
template <class Read>
Result<TimeMs> read_envelope(std::string_view what, std::string_view padded_body,
                             std::string& trouble, Read read) {
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::object members;
  simdjson::error_code error = parser.iterate(json::padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(members);
  EnvelopeReader<Read> reader(trouble, read);
  bool good = false;
  if (error != simdjson::SUCCESS) {
    trouble = simdjson::error_message(error);
  } else {
    good = json::for_each_member(members, [&reader](std::string_view key, json::value content) {
      return reader.read_member(key, content);
    });
    if (!good && trouble.empty()) trouble = "broken JSON";
    good = good && reader.complete();
    if (good && document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      trouble = "more bytes behind the object";
      good = false;
    }
  }
  if (good) return reader.time();
  return fail(Code::kProtocol, std::string(what) + ": " + trouble + "; the answer begins with \"" +
                                   printable(padded_body, 80) + "\"");
}

}  // namespace bf::exchange::bybit
