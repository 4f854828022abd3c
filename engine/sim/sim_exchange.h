// engine/sim/sim_exchange.h
//
// The simulated exchanges, all below one address: their paths differ. They answer from one Truth, keep
// the documented limits, make the faults of one plan, and every request is written down. The same object
// serves real sockets (bf-sim) and the simulated transport (tests).
//
//   /fapi/v1/...  /api/v3/...      Binance's REST; the two markets have limits of their own
//   /api/v5/...                    OKX's
//   /api/v1/market/...             BloFin's
//   /archive/data/...  /data/...   files of its bulk archive
//   /archive?prefix=...            their S3 listing
//   /v5/market/...                 Bybit's REST: linear, inverse and spot share one limit
//   /api/v1/futures/market/...     Bitunix's REST
//   /api/v2/public/...             Deribit's
//   /v8/finance/chart/...          Yahoo's
//   /dapi/v1/exchangeInfo          a market without symbols, which public clients ask for
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/net/http_server.h"
#include "engine/sim/archive.h"
#include "engine/sim/binance_rest.h"
#include "engine/sim/bitunix_venue.h"
#include "engine/sim/blofin_venue.h"
#include "engine/sim/bybit_venue.h"
#include "engine/sim/deribit_venue.h"
#include "engine/sim/faults.h"
#include "engine/sim/ledger.h"
#include "engine/sim/okx_venue.h"
#include "engine/sim/venue.h"
#include "engine/sim/yahoo_venue.h"

namespace bf::sim {

struct SimOptions {
  bool limits = true;  ///< false: weights are counted, nothing is refused
  PublishedLimits published;
  OkxOptions okx;
  BlofinOptions blofin;
  BitunixOptions bitunix;
  BybitOptions bybit;
  DeribitOptions deribit;
  YahooOptions yahoo;
  /// How far the exchange's clock is ahead of the loop's.
  DurationMs clock_offset_ms = 0;
  std::int64_t latency_ns = 0;  ///< before each answer
  bool gzip = false;            ///< for clients that accept it
  FaultPlan faults;
  bool keep_ledger = true;  ///< entries in memory; counters are kept always
  ArchiveOptions archive;
};

/// All clients count as one address: they share its limits.
/// Threads: the Loop's.
class SimExchange final : public net::HttpHandler {
 public:
  /// `loop` and `truth` outlive the exchange.
  SimExchange(async::Loop& loop, const Truth& truth, SimOptions options);

  [[nodiscard]] async::Task<net::ServerResponse> handle(net::ServerRequest request,
                                                        async::CancelToken cancel) override;

  /// The exchange's clock, wall ms.
  [[nodiscard]] TimeMs now() const { return loop_.clock().wall_ms() + options_.clock_offset_ms; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
  [[nodiscard]] FaultPlan& faults() noexcept { return options_.faults; }

 private:
  using Rules = std::vector<const FaultRule*>;

  [[nodiscard]] net::ServerResponse answer(const net::ServerRequest& request);
  [[nodiscard]] net::ServerResponse answer_rest(Venue& venue, RestCall call, LedgerEntry& entry);
  [[nodiscard]] net::ServerResponse answer_archive(const Query& query, LedgerEntry& entry);
  [[nodiscard]] Rules pick_faults(LedgerEntry& entry, TimeRange asked);

  async::Loop& loop_;
  SimOptions options_;
  std::vector<std::unique_ptr<Venue>> venues_;
  SimArchive archive_;
  Ledger ledger_;
  std::uint64_t requests_ = 0;
};

}  // namespace bf::sim
