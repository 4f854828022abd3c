#include "store/base/series.h"

#include <algorithm>
#include <array>

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

/// The length of the UTF-8 character at the begin of `rest` and its code point; 0 where there is none.
std::size_t read_utf8(std::string_view rest, std::uint32_t& code) noexcept {
  const auto byte = [rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead < 0x80   ? 1
                           : lead < 0xC2 ? 0
                           : lead < 0xE0 ? 2
                           : lead < 0xF0 ? 3
                                         : 4;
  if (size == 0 || lead > 0xF4 || size > rest.size()) return 0;
  code = size == 1 ? lead : lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : size;
}

/// C0, DEL, C1, line and paragraph separators, and what reorders the text that a terminal shows.
bool is_control(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C ||
         (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
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
  return out.append(interval_name(interval));
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
  if (printable(instrument.symbol) != instrument.symbol) {
    return fail(Code::kUsage, "the symbol \"" + printable(instrument.symbol) +
                                  "\" holds a control character, or is not UTF-8");
  }
  return {};
}

Result<void> validate(const Series& series) {
  if (const Result<void> instrument = validate(series.instrument); !instrument) return instrument;
  if (series.is_events() == (series.interval == Interval::kEvents)) return {};
  const std::string what = series.is_events() ? " comes as events, not by intervals: not of "
                                              : " comes by intervals, not as ";
  return fail(Code::kUsage, std::string(kind_name(series.kind)) + what +
                                std::string(interval_name(series.interval)));
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
  const Result<Interval> interval = parse_interval(parts[4]);
  if (!interval) return refuse();
  series.interval = *interval;
  if (!validate(series)) return refuse();
  return series;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out;
  const std::string_view shown = text.substr(0, bytes_max);
  for (std::size_t i = 0; i < shown.size();) {
    std::uint32_t code = 0;
    const std::size_t size = read_utf8(text.substr(i), code);
    if (size > shown.size() - i) break;  // the cut falls into a character
    if (size != 0 && !is_control(code)) {
      out.append(shown.substr(i, size));
      i += size;
      continue;
    }
    for (const std::size_t end = i + std::max<std::size_t>(size, 1); i < end; ++i) {
      const auto byte = static_cast<unsigned char>(shown[i]);
      out.append("\\x").push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  if (text.size() > bytes_max) out.append("...");
  return out;
}

}  // namespace bf
