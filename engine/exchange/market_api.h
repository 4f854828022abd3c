// engine/exchange/market_api.h
//
// How one market of one exchange speaks: pure request builders and response parsers. No I/O, no clock,
// no log, no retry. Each market that differs is one file pair, named after it (binance_um.{h,cpp});
// whoever has read one finds the way in the others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/limits/limit_rule.h"
#include "store/base/columns.h"
#include "store/base/series.h"
#include "store/base/time.h"

namespace bf::exchange {

/// A page of up to `rows_max` rows costs `weight`. Bands of one endpoint rise in both.
struct PageBand {
  std::uint32_t rows_max = 0;
  std::uint32_t weight = 0;
  friend bool operator==(const PageBand&, const PageBand&) = default;
};

/// Bytes of an answer, after decompression: of a page of rows, and of a list of instruments, of which some
/// have thousands with all their rules.
inline constexpr std::size_t kPageBytesMax = 4U << 20;
inline constexpr std::size_t kListBytesMax = 32U << 20;

/// One GET to the market's REST host.
struct ApiRequest {
  std::string target;  ///< path and query, percent-encoded
  std::uint32_t weight = 1;
  /// Which of limit_rules() for one endpoint count it; "": none of them. Static text.
  std::string_view endpoint;
  std::size_t answer_bytes_max = kPageBytesMax;
};

/// The parts of a response that parsers look at.
struct ApiResponse {
  int status = 0;
  std::string_view body;  ///< at least 64 readable bytes (padding) follow its end
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< lower-case names
  /// Whether this client had a good answer of the market before: tells a refused address from one that
  /// has asked too much.
  bool answered_before = false;
};

struct InstrumentInfo {
  std::string symbol;
  std::string status;    ///< as the exchange writes it: "TRADING"
  bool trading = false;  ///< new candles are still made
  TimeMs listed = 0;     ///< 0: the list does not say
  TimeMs delisted = 0;   ///< expiry or delivery; 0: none
  std::string base_asset;
  std::string quote_asset;
  std::string settle_asset;   ///< "" on spot
  std::string contract_type;  ///< "PERPETUAL", "CURRENT_QUARTER", "" on spot
  std::string price_tick;     ///< decimal text
  std::string quantity_step;  ///< decimal text
  std::string
      contract_size;  ///< units of base_asset (or of quote_asset) a contract; "" where unsaid
  /// Units of the coin that the symbol counts as one: 1000 for 1000BONK. base_asset is as the exchange
  /// writes it.
  std::string multiplier = "1";
};

struct InstrumentList {
  std::vector<InstrumentInfo> instruments;
  /// Limits that the list itself publishes: rule name -> capacity.
  std::vector<std::pair<std::string, std::int64_t>> capacities;
  TimeMs server_time = 0;  ///< 0: unsaid
  /// Where the list goes on: for instruments_request(). Empty: this was the last part.
  std::string next;
};

/// Which rows an answer lacks when its window holds more than the exchange gives at once.
enum class Truncation : std::uint8_t {
  kNewest,  ///< it begins with the oldest rows
  kOldest,  ///< it ends with the newest rows: what is lost is lost in silence
};

/// How much of what a market has its list of instruments names.
enum class Listing : std::uint8_t {
  kWhole,  ///< a name that is not in it is unknown
  kPart,   ///< the exchange answers to names that it leaves out: those that a user names are tried
  kNone,   ///< there is no list: instruments_request() is not called, names are taken as they are
};

/// What an error answer means for the one who asked.
struct ApiFailure {
  Error
      error;  ///< code: kLimited, kBanned, kBlocked, kUnavailable, kUnknownName, kRejected, kProtocol
  /// For kLimited and kBanned: how long to stay away, ms; 0: the answer does not say.
  DurationMs retry_after_ms = 0;
};

class MarketApi {
 public:
  virtual ~MarketApi() = default;

  [[nodiscard]] virtual std::string_view exchange() const noexcept = 0;  ///< "binance"
  [[nodiscard]] virtual std::string_view market() const noexcept = 0;    ///< "um"
  [[nodiscard]] virtual std::string_view default_base_url() const noexcept = 0;
  /// What to call oneself where the exchange refuses other names; "": as ever. Static text.
  [[nodiscard]] virtual std::string_view user_agent() const noexcept { return {}; }
  [[nodiscard]] virtual limits::LimitRules limit_rules() const = 0;
  /// The share of each limit to use unless told otherwise: 100 where the server reports usage, else 90.
  [[nodiscard]] virtual int default_share_percent() const noexcept = 0;

  /// Whether the market serves this kind at this interval.
  [[nodiscard]] virtual bool serves(Kind kind, Interval interval) const noexcept = 0;
  [[nodiscard]] virtual ColumnSet columns(Kind kind) const noexcept = 0;
  [[nodiscard]] virtual std::span<const PageBand> page_bands(Kind kind) const noexcept = 0;
  /// Bytes of one row in an answer, roughly, for estimates.
  [[nodiscard]] virtual std::uint32_t row_bytes_estimate() const noexcept = 0;

  /// Candles with open times in `window`, which holds at most the largest band's rows.
  [[nodiscard]] virtual ApiRequest candles_request(const Series& series,
                                                   TimeRange window) const = 0;
  /// What an answer lacks whose page was larger than the exchange serves: documents disagree on how
  /// large that is.
  [[nodiscard]] virtual Truncation truncation() const noexcept { return Truncation::kNewest; }
  /// The first candle that exists at or behind `from`: one row, without an end (spans a hole whole).
  /// nullopt where the exchange has no such request.
  [[nodiscard]] virtual std::optional<ApiRequest> next_candle_request(const Series& /*series*/,
                                                                      TimeMs /*from*/) const {
    return std::nullopt;
  }
  /// The oldest open time that the exchange still serves at `now`: what lies before it is gone.
  [[nodiscard]] virtual TimeMs history_from(Kind /*kind*/, Interval /*interval*/,
                                            TimeMs /*now*/) const noexcept {
    return kTimeMin;
  }
  /// Rows as they came, in the order that they came: also the forming one (unless the exchange itself
  /// says that it is), repeated and off-grid ones. Judging them is the caller's. `out` is cleared first; its capacity is reused.
  /// Errors: kProtocol: a row that cannot be read fails the page, and names the row.
  [[nodiscard]] virtual Result<void> parse_candles(const Series& series,
                                                   std::string_view padded_body,
                                                   CandleBatch& out) const = 0;

  /// Of kinds that come as events (store/base/series.h): those with instants in `window`. Rows follow no
  /// grid, so that nobody knows how many there are: an answer with as many as the band of page_bands()
  /// holds may have been cut, at either end. Called for kinds that serves() names alone, as is
  /// parse_events().
  [[nodiscard]] virtual ApiRequest events_request(const Series& /*series*/,
                                                  TimeRange /*window*/) const {
    return {};
  }
  /// The longest window that one request may ask for.
  [[nodiscard]] virtual DurationMs events_window_max() const noexcept {
    return kTimeMax - kTimeMin;
  }
  /// How far most events lie apart, for estimates.
  [[nodiscard]] virtual DurationMs events_period() const noexcept { return 8 * kHourMs; }
  /// Events as they came, in runs of the same columns, in the order that they came (funding_rows.h).
  /// Judging them is the caller's. `runs` is emptied first.
  /// Errors: kProtocol, naming the event.
  [[nodiscard]] virtual Result<void> parse_events(const Series& series,
                                                  std::string_view /*padded_body*/,
                                                  std::vector<CandleBatch>& /*runs*/) const {
    return fail(Code::kUsage, series.name() + " is not served");
  }

  [[nodiscard]] virtual Listing listing() const noexcept { return Listing::kWhole; }
  /// The list of instruments, in one answer or several. An instrument that several parts name is as the
  /// first of them says: `part` is "" for the first and the `next` of
  /// the list before for each other.
  [[nodiscard]] virtual ApiRequest instruments_request(std::string_view part) const = 0;
  [[nodiscard]] virtual Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const = 0;
  /// nullopt where the exchange tells its time in the Date header alone.
  [[nodiscard]] virtual std::optional<ApiRequest> server_time_request() const {
    return std::nullopt;
  }
  /// Called for answers to server_time_request() alone.
  [[nodiscard]] virtual Result<TimeMs> parse_server_time(std::string_view /*padded_body*/) const {
    return fail(Code::kProtocol, std::string(exchange()) + "/" + std::string(market()) +
                                     " tells its time in the Date header alone");
  }

  /// The lightest request that shows whether the server serves us. That it does not know a name in it is
  /// as good an answer as any.
  [[nodiscard]] virtual ApiRequest ping_request(TimeMs /*now*/) const {
    std::optional<ApiRequest> time = server_time_request();
    return time ? *std::move(time) : instruments_request("");
  }

  /// nullopt when the answer is good as far as status, type and envelope tell; else what it means. By
  /// body, not by status alone. `now` is wall ms, for bans that name their end.
  [[nodiscard]] virtual std::optional<ApiFailure> failure(const ApiResponse& response,
                                                          TimeMs now) const = 0;
};

/// One file of a bulk archive.
struct ArchiveFile {
  TimeRange range;  ///< the whole calendar month or day that it stands for
  bool monthly = false;
  std::string path;  ///< below the archive's base URL, percent-encoded, begins with '/'
  std::string checksum_path;
};

/// One answer about what lies in a folder of an archive.
struct ArchiveListing {
  std::vector<std::string> names;  ///< of the files and folders right below it, sorted by bytes
  std::string next;                ///< where the list goes on; empty: this was the last answer
};

/// How an exchange's bulk archive is laid out and read.
class ArchiveApi {
 public:
  virtual ~ArchiveApi() = default;
  [[nodiscard]] virtual std::string_view default_base_url() const noexcept = 0;
  [[nodiscard]] virtual bool serves(const Series& series) const noexcept = 0;
  /// The file of the month (day) that holds `t`. Daily files: nullopt for intervals that have none.
  [[nodiscard]] virtual std::optional<ArchiveFile> month_file(const Series& series,
                                                              TimeMs t) const = 0;
  [[nodiscard]] virtual std::optional<ArchiveFile> day_file(const Series& series,
                                                            TimeMs t) const = 0;
  /// The instant from which the file can be expected to be there.
  [[nodiscard]] virtual TimeMs published_from(const ArchiveFile& file) const noexcept = 0;
  /// Reads "<sha256 hex>  <file name>". Errors: kProtocol.
  [[nodiscard]] virtual Result<std::string> parse_checksum(std::string_view text) const = 0;
  /// The rows of the csv inside the zip. Header line and time unit are detected from the content.
  /// Errors: kProtocol or kDataQuality, naming the line.
  [[nodiscard]] virtual Result<CandleBatch> parse_csv(const Series& series,
                                                      std::string_view csv) const = 0;
  /// Bytes of one row in a zip, roughly, for estimates.
  [[nodiscard]] virtual std::uint32_t row_bytes_estimate() const noexcept = 0;

  /// The folder whose entries are all symbols that the archive has, delisted ones too; "" where the
  /// archive cannot be listed.
  [[nodiscard]] virtual std::string symbols_folder() const { return {}; }
  /// The folder of a series' months (or days); "" where the archive cannot be listed.
  [[nodiscard]] virtual std::string files_folder(const Series& /*series*/, bool /*monthly*/) const {
    return {};
  }
  /// What a file of such a folder stands for, by its name; nullopt for checksums and strangers.
  [[nodiscard]] virtual std::optional<TimeRange> file_range(const Series& /*series*/,
                                                            std::string_view /*name*/) const {
    return std::nullopt;
  }
  /// Where folders are listed, which may be another host than the files'.
  [[nodiscard]] virtual std::string_view listing_base_url() const noexcept {
    return default_base_url();
  }
  /// What to ask that host for the entries of `folder` ("a/b/"), those behind `marker` ("": from the
  /// first on; else the `next` of the answer before).
  [[nodiscard]] virtual std::string listing_target(std::string_view /*folder*/,
                                                   std::string_view /*marker*/) const {
    return {};
  }
  /// Errors: kProtocol.
  [[nodiscard]] virtual Result<ArchiveListing> parse_listing(std::string_view /*folder*/,
                                                             std::string_view /*body*/) const {
    return fail(Code::kUsage, "this archive cannot be listed");
  }
};

/// The markets that this build knows. Errors: kUsage, with the list.
[[nodiscard]] Result<const MarketApi*> find_market(std::string_view exchange,
                                                   std::string_view market);
/// The markets of one exchange (its default first). Errors: kUsage, with the list.
[[nodiscard]] Result<std::vector<const MarketApi*>> markets_of(std::string_view exchange);
/// All markets, those of an exchange together.
[[nodiscard]] std::vector<const MarketApi*> all_markets();
/// nullptr where the market has no archive.
[[nodiscard]] const ArchiveApi* find_archive(std::string_view exchange, std::string_view market);

}  // namespace bf::exchange
