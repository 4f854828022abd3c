#include "engine/exchange/instrument_rows.h"

#include <unordered_set>

#include "engine/exchange/code_envelope.h"

namespace bf::exchange {
namespace {

class ListReader {
 public:
  explicit ListReader(const InstrumentRows& rows) : rows_(rows) {}

  bool read(json::value data) {
    if (json::for_each_object(data, [&](json::object members) { return add(members); })) {
      return true;
    }
    return failed("its data is not a list of instruments");
  }

  InstrumentList list;
  std::string why;

 private:
  /// The innermost reason is kept.
  bool failed(std::string_view reason) {
    if (why.empty()) why = reason;
    return false;
  }
  bool failed_at(const InstrumentInfo& info, std::string_view reason) {
    const std::string name = info.symbol.empty() ? "" : " (" + printable(info.symbol, 64) + ")";
    return failed("instrument " + std::to_string(number_) + name + ": " + std::string(reason));
  }
  bool add(json::object members);

  const InstrumentRows& rows_;
  std::size_t number_ = 0;
  std::unordered_set<std::string> names_;
};

bool ListReader::add(json::object members) {
  ++number_;
  InstrumentInfo info;
  std::string last_key;
  rows_.begin();
  const bool read = json::for_each_member(members, [&](std::string_view key, json::value content) {
    last_key = key;
    return rows_.member(key, content, info);
  });
  if (!read) {
    return failed_at(info, "member \"" + printable(last_key, 64) + "\" cannot be read");
  }
  const std::string trouble = rows_.complete(info);
  if (rows_.skip(info)) return true;
  if (!trouble.empty()) return failed_at(info, trouble);
  const Instrument named = {std::string(rows_.exchange), std::string(rows_.market), info.symbol};
  const Result<void> valid = validate(named);
  if (!valid) return failed_at(info, valid.error().message());
  if (info.base_asset.empty() || info.quote_asset.empty() || info.status.empty()) {
    return failed_at(info, "state, base or quote currency is missing");
  }
  if (!names_.insert(info.symbol).second) return failed_at(info, "it is listed twice");
  list.instruments.push_back(std::move(info));
  return true;
}

}  // namespace

Result<InstrumentList> read_instrument_rows(const InstrumentRows& rows,
                                            std::string_view padded_body) {
  ListReader reader(rows);
  const Result<void> read = envelope::read_envelope(
      padded_body, reader.why, [&reader](json::value data) { return reader.read(data); });
  if (!read) return fail(read.error().at("instruments"));
  return std::move(reader.list);
}

bool read_date(json::value from, TimeMs& out) {
  return json::read_digits(from, out) && (out == 0 || json::is_instant(out));
}

}  // namespace bf::exchange
