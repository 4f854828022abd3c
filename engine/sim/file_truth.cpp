#include "engine/sim/file_truth.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "engine/sim/kline_text.h"
#include "engine/sim/text_file.h"

namespace bf::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kQuoteAssets[] = {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "BTC",
                                             "ETH",  "BNB",  "EUR",   "TRY",  "BRL"};

/// The quote asset that `symbol` ends in, or nothing.
std::string_view quote_of(std::string_view symbol) noexcept {
  for (const std::string_view quote : kQuoteAssets) {
    if (symbol.size() > quote.size() && symbol.ends_with(quote)) return quote;
  }
  return {};
}

/// [-]digits[.digits]
bool is_decimal(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (std::count(text.begin(), text.end(), '.') > 1) return false;
  return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool read_integer(std::string_view text, std::int64_t& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// Decimals up to the last digit that is not zero.
int decimals_of(std::string_view text) noexcept {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return 0;
  const std::size_t last = text.find_last_not_of('0');
  return static_cast<int>(last - point);
}

/// Splits a CSV line into exactly twelve fields that are numbers.
bool split_line(std::string_view line,
                std::array<std::string_view, kKlineFields>& fields) noexcept {
  for (std::size_t i = 0; i < kKlineFields; ++i) {
    const std::size_t comma = line.find(',');
    const bool last = i + 1 == kKlineFields;
    if (last != (comma == std::string_view::npos)) return false;
    fields[i] = line.substr(0, comma);
    if (!is_decimal(fields[i])) return false;
    if (!last) line.remove_prefix(comma + 1);
  }
  return true;
}

std::string_view next_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// "ARBUSDT-1m.csv.gz" into its parts.
bool split_name(std::string_view name, std::string& symbol, Interval& interval) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  if (!name.ends_with(".csv")) return false;
  name.remove_suffix(4);
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  symbol = name.substr(0, dash);
  return parse_archive_interval(name.substr(dash + 1), interval);
}

Result<std::string> read_csv(const std::string& path) {
  Result<std::string> bytes = read_file(path);
  if (!bytes || !path.ends_with(".gz")) return bytes;
  Result<std::string> text = gunzip(*bytes);
  if (!text) return fail(text.error().at(path));
  return text;
}

}  // namespace

Result<FileTruth> FileTruth::load(const std::string& directory) {
  FileTruth truth;
  bool any = false;
  for (const Market market : kMarkets) {
    const std::string folder = directory + "/" + std::string(market_name(market));
    const Result<void> loaded = truth.load_market(folder, market);
    if (!loaded) return fail(loaded.error());
    any = any || !truth.of(market).series.empty();
  }
  if (any) return truth;
  return fail(Code::kNotFound, directory +
                                   " holds no candles: EXCHANGE/MARKET/SYMBOL-INTERVAL.csv.gz (or "
                                   ".csv), such as binance/um/BTCUSDT-1m.csv.gz, is looked for");
}

Result<void> FileTruth::load_market(const std::string& directory, Market market) {
  ByMarket& into = markets_[static_cast<std::size_t>(market)];
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string path = at->path().string();
    std::string symbol;
    Interval interval = Interval::k1m;
    if (!split_name(at->path().filename().string(), symbol, interval)) {
      return fail(Code::kFormat, path + ": a file of candles is named SYMBOL-INTERVAL.csv.gz");
    }
    const Result<std::string> csv = read_csv(path);
    if (!csv) return fail(csv.error());
    Result<Rows> rows = parse_rows(*csv);
    if (!rows) return fail(rows.error().at(path));
    list_instrument(into, symbol, *rows, interval);
    into.series.insert_or_assign(Key(symbol, interval), std::move(*rows));
  }
  // A market that has no folder has no candles; load() asks that one of them has.
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(errno_error("list " + directory, error.value()));
  }
  std::sort(into.instruments.begin(), into.instruments.end(),
            [](const SimInstrument& a, const SimInstrument& b) { return a.symbol < b.symbol; });
  return {};
}

Result<FileTruth::Rows> FileTruth::parse_rows(std::string_view csv) {
  constexpr std::size_t kQuotesPerRow =
      24;  // quotes and brackets that JSON adds to a line, rounded up
  constexpr std::size_t kLineBytesGuess = 128;
  Rows rows;
  rows.json.reserve(csv.size() + csv.size() / kLineBytesGuess * kQuotesPerRow);
  rows.open_times.reserve(csv.size() / kLineBytesGuess);
  rows.begins.reserve(csv.size() / kLineBytesGuess);
  std::array<std::string_view, kKlineFields> fields;
  for (std::size_t line_number = 1; !csv.empty(); ++line_number) {
    const std::string_view line = next_line(csv);
    if (line.empty() || (line_number == 1 && line.starts_with("open_time"))) continue;
    std::int64_t open_time = 0;
    if (!split_line(line, fields) || !read_integer(fields[kOpenTimeField], open_time) ||
        open_time < kTimeMin || open_time >= kTimeMax) {
      return fail(Code::kFormat, "line " + std::to_string(line_number) +
                                     ": not twelve numbers that begin with a time in ms");
    }
    if (!rows.open_times.empty() && open_time <= rows.open_times.back()) {
      return fail(Code::kFormat, "line " + std::to_string(line_number) +
                                     ": its open time does not come after the one before");
    }
    if (!rows.json.empty()) rows.json += ',';
    rows.begins.push_back(rows.json.size());
    rows.open_times.push_back(open_time);
    append_json_row(fields, rows.json);
    rows.price_decimals = std::max(rows.price_decimals, decimals_of(fields[kCloseField]));
    rows.quantity_decimals = std::max(rows.quantity_decimals, decimals_of(fields[kVolumeField]));
  }
  if (rows.open_times.empty()) return fail(Code::kFormat, "no rows");
  rows.begins.push_back(rows.json.size() + 1);
  return rows;
}

void FileTruth::list_instrument(ByMarket& market, const std::string& symbol, const Rows& rows,
                                Interval interval) {
  const TimeRange life{rows.open_times.front(), next_slot(interval, rows.open_times.back())};
  const auto known =
      std::find_if(market.instruments.begin(), market.instruments.end(),
                   [&symbol](const SimInstrument& other) { return other.symbol == symbol; });
  if (known != market.instruments.end()) {
    known->life = {std::min(known->life.from, life.from), std::max(known->life.to, life.to)};
    known->price_decimals = std::max(known->price_decimals, rows.price_decimals);
    known->quantity_decimals = std::max(known->quantity_decimals, rows.quantity_decimals);
    return;
  }
  SimInstrument instrument;
  instrument.symbol = symbol;
  instrument.quote_asset = quote_of(symbol);
  instrument.base_asset = symbol.substr(0, symbol.size() - instrument.quote_asset.size());
  instrument.life = life;
  instrument.price_decimals = rows.price_decimals;
  instrument.quantity_decimals = rows.quantity_decimals;
  market.instruments.push_back(std::move(instrument));
}

std::span<const SimInstrument> FileTruth::instruments(Market market) const noexcept {
  return of(market).instruments;
}

std::vector<Interval> FileTruth::intervals(Market market, std::string_view symbol) const {
  std::vector<Interval> found;
  for (const auto& [key, rows] : of(market).series) {
    if (key.first == symbol) found.push_back(key.second);
  }
  return found;
}

RowsInfo FileTruth::append_rows(const SimSeries& series, const RowQuery& query,
                                std::string& out) const {
  const auto found = of(series.market).series.find(Key(series.symbol, series.interval));
  if (found == of(series.market).series.end() || query.opens.empty()) return {};
  const Rows& rows = found->second;
  const auto& times = rows.open_times;
  auto begin = std::lower_bound(times.begin(), times.end(), query.opens.from);
  auto end = std::lower_bound(begin, times.end(), query.opens.to);
  const auto count = static_cast<std::size_t>(end - begin);
  const auto surplus = static_cast<std::ptrdiff_t>(count - std::min(count, query.rows_max));
  if (query.newest) {
    begin += surplus;
  } else {
    end -= surplus;
  }
  if (begin == end) return {};
  const auto first = static_cast<std::size_t>(begin - times.begin());
  const auto last = static_cast<std::size_t>(end - times.begin());
  out.append(rows.json, rows.begins[first], rows.begins[last] - 1 - rows.begins[first]);
  return {last - first, times[first], times[last - 1]};
}

}  // namespace bf::sim
