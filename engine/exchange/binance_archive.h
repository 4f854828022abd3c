// engine/exchange/binance_archive.h
//
// Binance's bulk archive, https://data.binance.vision: zips of one csv each, a month or a day of one
// series, with a .CHECKSUM file beside each. Source: the README of binance/binance-public-data, and
// what its issues report.
//   - days appear on the next day, seen at 08:30 to 09:00 UTC; months on the first Monday of the next
//   - intervals from 3d on have months alone; 1mo is written "1mo"
//   - futures files since mid 2022 begin with a header line; spot files have none
//   - spot files since 2025 have microseconds; all others milliseconds
// What there is, is told by the S3 bucket behind it (ListObjects version 1, s3_listing.h), which also
// knows the symbols that were delisted. Its address is the one that the archive's page names.
// Files can lack days and can be replaced: the content decides all of this, never the name.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class BinanceArchive final : public ArchiveApi {
 public:
  enum class Market : std::uint8_t { kUm, kSpot };
  explicit BinanceArchive(Market market) : market_(market) {}

  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] bool serves(const Series& series) const noexcept override;
  [[nodiscard]] std::optional<ArchiveFile> month_file(const Series& series,
                                                      TimeMs t) const override;
  [[nodiscard]] std::optional<ArchiveFile> day_file(const Series& series, TimeMs t) const override;
  [[nodiscard]] TimeMs published_from(const ArchiveFile& file) const noexcept override;
  [[nodiscard]] Result<std::string> parse_checksum(std::string_view text) const override;
  [[nodiscard]] Result<CandleBatch> parse_csv(const Series& series,
                                              std::string_view csv) const override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;
  [[nodiscard]] std::string symbols_folder() const override;
  [[nodiscard]] std::string files_folder(const Series& series, bool monthly) const override;
  [[nodiscard]] std::optional<TimeRange> file_range(const Series& series,
                                                    std::string_view name) const override;
  [[nodiscard]] std::string_view listing_base_url() const noexcept override;
  [[nodiscard]] std::string listing_target(std::string_view folder,
                                           std::string_view marker) const override;
  [[nodiscard]] Result<ArchiveListing> parse_listing(std::string_view folder,
                                                     std::string_view body) const override;

 private:
  [[nodiscard]] const MarketApi& market() const noexcept;
  [[nodiscard]] ArchiveFile file(const Series& series, TimeRange range, bool monthly) const;

  Market market_;
};

}  // namespace bf::exchange
