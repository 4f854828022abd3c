#include "engine/plan/planner.h"

#include <algorithm>

#include "store/base/assert.h"

namespace bf::plan {
namespace {

/// With kAuto, a day's file is taken where it serves at least so many wanted slots.
constexpr std::int64_t kDayRowsMin = 1'000;
/// A file is its zip and its checksum.
constexpr std::int64_t kRequestsPerFile = 2;

std::int64_t slots_in(Interval interval, const RangeSet& set) {
  std::int64_t slots = 0;
  for (const TimeRange& range : set.ranges()) slots += slot_count(interval, range);
  return slots;
}

/// `set` cut to whole slots, which belong to where they open: a month may end in the middle of a week.
RangeSet aligned(Interval interval, const RangeSet& set) {
  RangeSet slots;
  for (const TimeRange& range : set.ranges()) {
    slots.add({slot_ceil(interval, range.from), slot_ceil(interval, range.to)});
  }
  return slots;
}

/// Chooses the archive files of one series.
class ArchivePlanner {
 public:
  ArchivePlanner(const Series& series, const RangeSet& wanted, const exchange::ArchiveApi& archive,
                 const PlanOptions& options)
      : series_(series), archive_(archive), options_(options), open_(wanted) {
    open_.subtract(options.archive_answered);
    if (options.source != SourceChoice::kArchive) {
      month_rows_min_ = options.archive_rows_min;
      day_rows_min_ = kDayRowsMin;
    }
  }

  std::vector<exchange::ArchiveFile> choose() {
    TimeMs done = kTimeMin;
    for (const TimeRange& range : open_.ranges()) {
      for (TimeMs month = month_begin(std::max(range.from, done)); month < range.to;
           month = next_month_begin(month)) {
        if (month < done) continue;
        choose_in_month({month, next_month_begin(month)});
        done = next_month_begin(month);
      }
    }
    return std::move(files_);
  }

 private:
  void choose_in_month(TimeRange month) {
    if (take(archive_.month_file(series_, month.from), month_rows_min_)) return;
    for (TimeMs day = month.from; day < month.to; day += kDayMs) {
      (void)take(archive_.day_file(series_, day), day_rows_min_);
    }
  }

  /// Takes `file` if it is there by now and pays.
  bool take(std::optional<exchange::ArchiveFile> file, std::int64_t rows_min) {
    if (!file || archive_.published_from(*file) > options_.now) return false;
    const std::int64_t slots = slots_in(series_.interval, open_.intersect(file->range));
    if (slots < std::max<std::int64_t>(1, rows_min)) return false;
    files_.push_back(*std::move(file));
    return true;
  }

  const Series& series_;
  const exchange::ArchiveApi& archive_;
  const PlanOptions& options_;
  RangeSet open_;  ///< wanted, and not answered by the archive before
  std::int64_t month_rows_min_ = 1;
  std::int64_t day_rows_min_ = 1;
  std::vector<exchange::ArchiveFile> files_;
};

/// The bands of pages that hold at most `rows_max`.
std::vector<exchange::PageBand> cut_bands(std::span<const exchange::PageBand> bands,
                                          std::uint32_t rows_max) {
  std::vector<exchange::PageBand> cut;
  for (const exchange::PageBand& band : bands) {
    cut.push_back({std::min(band.rows_max, rows_max), band.weight});
    if (band.rows_max >= rows_max) break;  // larger ones cost more for the same rows
  }
  return cut;
}

SourceTotals& totals_of(std::vector<SourceTotals>& totals, std::string source) {
  const auto at = std::find_if(totals.begin(), totals.end(),
                               [&](const SourceTotals& known) { return known.source == source; });
  if (at != totals.end()) return *at;
  totals.emplace_back().source = std::move(source);
  return totals.back();
}

/// What of `rule` may be used in a window.
std::int64_t allowed_of(const limits::LimitRule& rule, int share_percent) {
  return std::max<std::int64_t>(1, rule.capacity * share_percent / 100);
}

/// How long `amount` takes under `rule` when nothing else binds, ms.
DurationMs time_under(const limits::LimitRule& rule, std::int64_t amount, int share_percent) {
  const std::int64_t allowed = allowed_of(rule, share_percent);
  if (amount <= allowed) return 0;
  if (rule.shape == limits::Shape::kTokenBucket) {
    return (amount - allowed) * rule.window_ms / allowed;
  }
  return (amount - 1) / allowed * rule.window_ms;
}

SourceTotals::EndpointPart& part_of(SourceTotals& totals, std::string_view endpoint) {
  std::vector<SourceTotals::EndpointPart>& parts = totals.by_endpoint;
  const auto at = std::find_if(parts.begin(), parts.end(),
                               [endpoint](const auto& part) { return part.endpoint == endpoint; });
  if (at != parts.end()) return *at;
  parts.push_back({endpoint, 0, 0});
  return parts.back();
}

/// What `rule` counts of `totals`.
std::int64_t counted_by(const limits::LimitRule& rule, const SourceTotals& totals) {
  const bool weight = rule.unit == limits::Unit::kWeight;
  if (rule.endpoint.empty()) return weight ? totals.weight : totals.requests;
  std::int64_t counted = 0;
  for (const SourceTotals::EndpointPart& part : totals.by_endpoint) {
    if (part.endpoint == rule.endpoint) counted += weight ? part.weight : part.requests;
  }
  return counted;
}

}  // namespace

Result<SourceChoice> parse_source_choice(std::string_view text) {
  if (text == "auto") return SourceChoice::kAuto;
  if (text == "rest") return SourceChoice::kRest;
  if (text == "archive") return SourceChoice::kArchive;
  return fail(Code::kUsage,
              "unknown source \"" + printable(text, 40) + "\"; known: auto rest archive");
}

std::vector<PageWindow> plan_events(const RangeSet& wanted, const exchange::MarketApi& market,
                                    Kind kind) {
  const exchange::PageBand& band = market.page_bands(kind).back();
  const DurationMs bridged = std::int64_t{band.rows_max} * kHourMs;
  std::vector<PageWindow> ranges;
  for (const TimeRange& range : wanted.ranges()) {
    if (!ranges.empty() && range.to - ranges.back().window.from <= bridged) {
      ranges.back().window.to = range.to;
    } else {
      ranges.push_back({range, 0, band.weight, 1});
    }
  }
  for (PageWindow& range : ranges) {
    const std::int64_t rows = range.window.length() / market.events_period() + 1;
    const std::int64_t pages = rows / band.rows_max + 1;
    const std::int64_t windows = range.window.length() / market.events_window_max() + 1;
    range.rows_max = static_cast<std::uint32_t>(rows);
    range.requests = static_cast<std::uint32_t>(std::max(pages, windows));
  }
  return ranges;
}

SeriesPlan plan_series(const Series& series, const RangeSet& wanted,
                       const exchange::MarketApi& market, const exchange::ArchiveApi* archive,
                       const PlanOptions& options) {
  SeriesPlan plan;
  plan.series = series;
  if (options.source != SourceChoice::kRest && archive != nullptr && archive->serves(series)) {
    plan.files = ArchivePlanner(series, wanted, *archive, options).choose();
  }
  if (options.source == SourceChoice::kArchive) return plan;
  if (series.is_events()) {
    plan.pages = plan_events(wanted, market, series.kind);
    return plan;
  }
  RangeSet rest = wanted;
  for (const exchange::ArchiveFile& file : plan.files) rest.subtract(file.range);
  rest = aligned(series.interval, rest);
  plan.pages = plan_pages(series.interval, rest,
                          cut_bands(market.page_bands(series.kind), options.page_rows_max));
  return plan;
}

void add_totals(const SeriesPlan& plan, const exchange::MarketApi& market,
                const exchange::ArchiveApi* archive, std::vector<SourceTotals>& totals) {
  const std::string exchange(market.exchange());
  if (!plan.files.empty()) {
    BF_ASSERT(archive != nullptr);
    SourceTotals& files = totals_of(totals, exchange + " archive");
    for (const exchange::ArchiveFile& file : plan.files) {
      const std::int64_t rows = slot_count(plan.series.interval, file.range);
      files.requests += kRequestsPerFile;
      files.candles += rows;
      files.bytes += rows * archive->row_bytes_estimate();
    }
  }
  if (plan.pages.empty()) return;
  SourceTotals& rest = totals_of(totals, exchange + "/" + std::string(market.market()) + " rest");
  const bool events = plan.series.is_events();
  const TimeRange first = plan.pages.front().window;
  SourceTotals::EndpointPart& part =
      part_of(rest, events ? market.events_request(plan.series, first).endpoint
                           : market.candles_request(plan.series, first).endpoint);
  for (const PageWindow& page : plan.pages) {
    const std::int64_t weight = std::int64_t{page.weight} * page.requests;
    rest.requests += page.requests;
    rest.weight += weight;
    part.requests += page.requests;
    part.weight += weight;
    rest.candles += page.rows_max;
    rest.bytes += std::int64_t{page.rows_max} * market.row_bytes_estimate();
  }
}

void set_seconds(SourceTotals& totals, const limits::LimitRules& rules, int share_percent) {
  DurationMs longest = 0;
  for (const limits::LimitRule& rule : rules) {
    longest = std::max(longest, time_under(rule, counted_by(rule, totals), share_percent));
  }
  totals.seconds = (longest + kSecondMs - 1) / kSecondMs;
}

Throughput throughput_of(const exchange::MarketApi& market, Kind kind, Interval interval,
                         int share_percent) {
  constexpr TimeMs kAnyTime = 1'577'836'800'000;  // 2020-01-01
  const Series any{Instrument{std::string(market.exchange()), std::string(market.market()), "X"},
                   kind, interval};
  const TimeMs from = slot_begin(interval, kAnyTime);
  const std::string_view endpoint =
      market.candles_request(any, {from, next_slot(interval, from)}).endpoint;
  const limits::LimitRules rules = market.limit_rules();
  Throughput best;
  for (const exchange::PageBand& band : market.page_bands(kind)) {
    Throughput of_band{band.rows_max, 0};
    for (const limits::LimitRule& rule : rules) {
      if (!rule.endpoint.empty() && rule.endpoint != endpoint) continue;
      const std::int64_t cost = rule.unit == limits::Unit::kWeight ? band.weight : 1;
      const std::int64_t rate =
          allowed_of(rule, share_percent) * band.rows_max * kMinuteMs / (cost * rule.window_ms);
      const bool first = of_band.candles_per_minute == 0;
      of_band.candles_per_minute = first ? rate : std::min(of_band.candles_per_minute, rate);
    }
    if (of_band.candles_per_minute >= best.candles_per_minute) best = of_band;
  }
  return best;
}

}  // namespace bf::plan
