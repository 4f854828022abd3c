#include "bench/support/kline_bodies.h"

#include <array>
#include <string_view>

#include "bench/support/candle_files.h"

namespace bf::bench {
namespace {

constexpr std::array kSymbols = {"FILUSDT", "NEARUSDT"};

/// A line of twelve fields as a row of JSON: times and the count are numbers, all others strings.
void append_row(std::string_view line, std::string& body) {
  body += '[';
  for (int field = 0; !line.empty(); ++field) {
    const std::size_t comma = std::min(line.find(','), line.size());
    const bool number = field == 0 || field == 6 || field == 8;
    if (field > 0) body += ',';
    if (!number) body += '"';
    body += line.substr(0, comma);
    if (!number) body += '"';
    line.remove_prefix(std::min(comma + 1, line.size()));
  }
  body += ']';
}

/// Bodies of the rows of one file, from its first row on.
Result<void> append_bodies(std::string_view csv, std::size_t count,
                           std::vector<std::string>& bodies) {
  csv.remove_prefix(csv.find('\n') + 1);  // the header
  for (std::size_t i = 0; i < count; ++i) {
    std::string body = "[";
    for (std::size_t row = 0; row < kBodyRows; ++row) {
      const std::size_t end = csv.find('\n');
      if (end == std::string_view::npos) return fail(Code::kProtocol, "too few rows");
      if (row > 0) body += ',';
      append_row(csv.substr(0, end), body);
      csv.remove_prefix(end + 1);
    }
    body += ']';
    body.reserve(body.size() + kBodyPadding);
    bodies.push_back(std::move(body));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> um_kline_bodies(const std::string& fixtures) {
  std::vector<std::string> bodies;
  for (const char* const symbol : kSymbols) {
    const std::string path = fixtures + "/binance/um/" + symbol + "-1m.csv.gz";
    const Result<std::string> csv = unpacked(path);
    if (!csv) return fail(csv.error());
    const Result<void> read = append_bodies(*csv, kBodies / kSymbols.size(), bodies);
    if (!read) return fail(read.error().at(path));
  }
  return bodies;
}

}  // namespace bf::bench
