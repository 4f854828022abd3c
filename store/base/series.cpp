#include "store/base/series.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "store/base/assert.h"

namespace bf {
namespace {

constexpr std::array<std::string_view, 5> kKindNames = {"candles", "mark", "index", "premium",
                                                        "funding"};
constexpr char kHex[] = "0123456789ABCDEF";
constexpr std::size_t kVenueNameBytesMax = 16;

bool is_plain(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_venue_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kVenueNameBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

/// U+202A..U+202E and U+2066..U+2069, which reorder what a terminal shows.
bool is_bidi_control(std::string_view rest) noexcept {
  if (rest.size() < 3 || rest[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(rest[1]);
  const auto third = static_cast<unsigned char>(rest[2]);
  return (second == 0x80 && third >= 0xAA && third <= 0xAE) ||
         (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

}  // namespace

std::string_view kind_name(Kind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

Result<Kind> parse_kind(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
    known.append(i == 0 ? "" : " ").append(kKindNames[i]);
  }
  return fail(Code::kUsage, "unknown kind \"" + printable(name) + "\"; known: " + known);
}

std::string Instrument::name() const { return exchange + "/" + market + "/" + symbol; }

std::string Series::name() const {
  std::string out = instrument.name();
  out.append("/").append(kind_name(kind)).append("/");
  return out.append(kind == Kind::kFunding ? std::string_view("events") : interval_name(interval));
}

std::string Series::path() const {
  const Result<std::string> symbol = escape_symbol(instrument.symbol);
  BF_ASSERT(symbol.has_value());  // a Series that was validated has a symbol that can be escaped
  Series escaped = *this;
  escaped.instrument.symbol = *symbol;
  return escaped.name();
}

Result<std::string> escape_symbol(std::string_view symbol) {
  if (symbol.empty() || symbol.size() > kSymbolBytesMax) {
    return fail(Code::kUsage, "a symbol has 1 to " + std::to_string(kSymbolBytesMax) +
                                  " bytes, not " + std::to_string(symbol.size()));
  }
  std::string out;
  for (const char c : symbol) {
    if (is_plain(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

Result<std::string> unescape_symbol(std::string_view escaped) {
  std::string out;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (is_plain(escaped[i])) {
      out.push_back(escaped[i]);
      continue;
    }
    const int high = i + 2 < escaped.size() ? hex_value(escaped[i + 1]) : -1;
    const int low = i + 2 < escaped.size() ? hex_value(escaped[i + 2]) : -1;
    const char byte = static_cast<char>(high * 16 + low);
    if (escaped[i] != '%' || high < 0 || low < 0 || is_plain(byte)) {
      return fail(Code::kFormat, "\"" + printable(escaped) + "\" is not an escaped symbol");
    }
    out.push_back(byte);
    i += 2;
  }
  if (out.empty() || out.size() > kSymbolBytesMax) {
    return fail(Code::kFormat, "\"" + printable(escaped) + "\" is not an escaped symbol");
  }
  return out;
}

Result<void> validate(const Instrument& instrument) {
  if (!is_venue_name(instrument.exchange)) {
    return fail(Code::kUsage,
                "\"" + printable(instrument.exchange) + "\" is not an exchange's name");
  }
  if (!is_venue_name(instrument.market)) {
    return fail(Code::kUsage, "\"" + printable(instrument.market) + "\" is not a market's name");
  }
  const Result<std::string> escaped = escape_symbol(instrument.symbol);
  if (!escaped) return fail(escaped.error());
  for (const char c : instrument.symbol) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(Code::kUsage,
                  "the symbol \"" + printable(instrument.symbol) + "\" holds a control character");
    }
  }
  return {};
}

Result<Series> parse_series_path(std::string_view path) {
  std::vector<std::string_view> parts;
  std::string_view rest = path;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
       slash = rest.find('/')) {
    parts.push_back(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  parts.push_back(rest);
  const auto refuse = [path] {
    return fail(Code::kFormat, "\"" + printable(path) + "\" is not the path of a series");
  };
  if (parts.size() != 5) return refuse();
  const Result<std::string> symbol = unescape_symbol(parts[2]);
  const Result<Kind> kind = parse_kind(parts[3]);
  if (!symbol || !kind) return refuse();
  Series series;
  series.instrument = Instrument{std::string(parts[0]), std::string(parts[1]), *symbol};
  series.kind = *kind;
  if (*kind == Kind::kFunding) {
    if (parts[4] != "events") return refuse();
  } else {
    const Result<Interval> interval = parse_interval(parts[4]);
    if (!interval) return refuse();
    series.interval = *interval;
  }
  if (!validate(series.instrument)) return refuse();
  return series;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && i < bytes_max; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != 0x7F && !is_bidi_control(text.substr(i))) {
      out.push_back(text[i]);
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02X", byte);
    out.append(escaped);
  }
  if (text.size() > bytes_max) out.append("...");
  return out;
}

}  // namespace bf
