#include "engine/exchange/binance_archive.h"

#include <algorithm>
#include <cstdio>

#include "engine/exchange/binance.h"
#include "engine/exchange/kline_csv.h"
#include "engine/exchange/percent.h"
#include "engine/exchange/s3_listing.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::uint32_t kRowBytes = 52;  // one row of a zip
constexpr DurationMs kDayDelayMs = 10 * kHourMs;
constexpr DurationMs kMonthDelayMs = kDayMs;
constexpr std::size_t kHexDigits = 64;
constexpr std::size_t kChecksumBytesMax = 1'024;

std::string_view folder_of(Kind kind) {
  switch (kind) {
    case Kind::kCandles:
      return "klines";
    case Kind::kMark:
      return "markPriceKlines";
    case Kind::kIndex:
      return "indexPriceKlines";
    case Kind::kPremium:
      return "premiumIndexKlines";
    case Kind::kFunding:
      break;
  }
  BF_ASSERT(false && "serves() was not asked");
  return {};
}

/// "2024-01" or "2024-01-31".
std::string date_of(TimeMs t, bool monthly) {
  const std::string text = format_time(t);
  return text.substr(0, monthly ? 7 : 10);
}

bool is_hex(char byte) noexcept {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

}  // namespace

std::string_view BinanceArchive::default_base_url() const noexcept {
  return "https://data.binance.vision";
}

const MarketApi& BinanceArchive::market() const noexcept {
  const Result<const MarketApi*> market =
      find_market("binance", market_ == Market::kUm ? "um" : "spot");
  BF_ASSERT(market.has_value());
  return **market;
}

bool BinanceArchive::serves(const Series& series) const noexcept {
  // Its files of funding are not read: how they are laid out is not documented.
  return !series.is_events() && market().serves(series.kind, series.interval);
}

ArchiveFile BinanceArchive::file(const Series& series, TimeRange range, bool monthly) const {
  std::string symbol;
  append_percent_encoded(symbol, series.instrument.symbol);
  const std::string interval(binance::archive_interval(series.interval));
  ArchiveFile file;
  file.range = range;
  file.monthly = monthly;
  file.path = market_ == Market::kUm ? "/data/futures/um/" : "/data/spot/";
  file.path.append(monthly ? "monthly/" : "daily/").append(folder_of(series.kind)).append("/");
  file.path.append(symbol).append("/").append(interval).append("/");
  file.path.append(symbol).append("-").append(interval).append("-");
  file.path.append(date_of(range.from, monthly)).append(".zip");
  file.checksum_path = file.path + ".CHECKSUM";
  return file;
}

std::optional<ArchiveFile> BinanceArchive::month_file(const Series& series, TimeMs t) const {
  if (!serves(series)) return std::nullopt;
  return file(series, {month_begin(t), next_month_begin(t)}, /*monthly=*/true);
}

std::optional<ArchiveFile> BinanceArchive::day_file(const Series& series, TimeMs t) const {
  if (!serves(series) || series.interval > Interval::k1d) return std::nullopt;
  const TimeMs day = slot_begin(Interval::k1d, t);
  return file(series, {day, day + kDayMs}, /*monthly=*/false);
}

TimeMs BinanceArchive::published_from(const ArchiveFile& file) const noexcept {
  if (!file.monthly) return file.range.to + kDayDelayMs;
  return slot_ceil(Interval::k1w, file.range.to) + kMonthDelayMs;  // weeks begin on Monday
}

Result<std::string> BinanceArchive::parse_checksum(std::string_view text) const {
  const std::string_view hash = text.substr(0, kHexDigits);
  const std::string_view rest = text.substr(hash.size());
  const bool separated = rest.size() > 2 && rest[0] == ' ' && (rest[1] == ' ' || rest[1] == '*');
  if (text.size() > kChecksumBytesMax || hash.size() != kHexDigits || !separated ||
      !std::all_of(hash.begin(), hash.end(), is_hex)) {
    return fail(Code::kProtocol,
                "not a line \"<sha256>  <file name>\": \"" + printable(text) + "\"");
  }
  std::string lower(hash);
  for (char& digit : lower) digit = static_cast<char>(digit | 0x20);
  return lower;
}

Result<CandleBatch> BinanceArchive::parse_csv(const Series& series, std::string_view csv) const {
  return binance::parse_kline_csv(series.interval, market().columns(series.kind), csv);
}

std::uint32_t BinanceArchive::row_bytes_estimate() const noexcept { return kRowBytes; }

std::string BinanceArchive::symbols_folder() const {
  // A symbol that has days alone was listed this month: the exchange's own list has it.
  return market_ == Market::kUm ? "data/futures/um/monthly/klines/" : "data/spot/monthly/klines/";
}

std::string BinanceArchive::files_folder(const Series& series, bool monthly) const {
  std::string folder = market_ == Market::kUm ? "data/futures/um/" : "data/spot/";
  folder.append(monthly ? "monthly/" : "daily/").append(folder_of(series.kind)).append("/");
  folder.append(series.instrument.symbol).append("/");
  return folder.append(binance::archive_interval(series.interval)).append("/");
}

std::optional<TimeRange> BinanceArchive::file_range(const Series& series,
                                                    std::string_view name) const {
  constexpr std::string_view kZip = ".zip";
  constexpr std::size_t kMonthBytes = 7;  // "2024-01"; a day has three more
  std::string stem = series.instrument.symbol + "-";
  stem.append(binance::archive_interval(series.interval)).append("-");
  if (!name.starts_with(stem) || !name.ends_with(kZip)) return std::nullopt;
  if (name.size() < stem.size() + kMonthBytes + kZip.size()) return std::nullopt;
  const std::string_view date = name.substr(stem.size(), name.size() - stem.size() - kZip.size());
  const bool monthly = date.size() == kMonthBytes;
  if (!monthly && date.size() != kMonthBytes + 3) return std::nullopt;
  const Result<TimeMs> from = parse_time(date);
  if (!from) return std::nullopt;
  return TimeRange{*from, monthly ? next_month_begin(*from) : *from + kDayMs};
}

std::string_view BinanceArchive::listing_base_url() const noexcept {
  return "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision";
}

std::string BinanceArchive::listing_target(std::string_view folder, std::string_view marker) const {
  return s3::listing_target(folder, marker);
}

Result<ArchiveListing> BinanceArchive::parse_listing(std::string_view folder,
                                                     std::string_view body) const {
  return s3::parse_listing(folder, body);
}

}  // namespace bf::exchange
