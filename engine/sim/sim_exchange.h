// engine/sim/sim_exchange.h
//
// A simulated Binance: REST of USD-M and spot, and the bulk archive, all below one address. It answers
// from a Truth, keeps the documented limits, makes the faults of its plan, and writes down every
// request. The same object serves real sockets (bf-sim) and the simulated transport (tests).
//
//   /fapi/v1/...  /api/v3/...      REST; the two markets have limits of their own
//   /archive/data/...  /data/...   files of the bulk archive
//   /archive?prefix=...            their S3 listing
//   /dapi/v1/exchangeInfo          a market without symbols, which public clients ask for
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/net/http_server.h"
#include "engine/sim/archive.h"
#include "engine/sim/binance_rest.h"
#include "engine/sim/client_limits.h"
#include "engine/sim/faults.h"
#include "engine/sim/ledger.h"

namespace bf::sim {

struct SimOptions {
  bool limits = true;  ///< false: weights are counted, nothing is refused
  PublishedLimits published;
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
  [[nodiscard]] net::ServerResponse answer_rest(RestCall call, LedgerEntry& entry);
  [[nodiscard]] net::ServerResponse answer_archive(const Query& query, LedgerEntry& entry);
  [[nodiscard]] net::ServerResponse refuse(const RestCall& call, const LimitVerdict& verdict) const;
  [[nodiscard]] Rules pick_faults(LedgerEntry& entry);
  void apply_faults(const Rules& rules, const RestCall* call, const LedgerEntry& entry,
                    net::ServerResponse& response);
  void note_told_pause(const FaultRule& rule, const LedgerEntry& entry);
  [[nodiscard]] ClientLimits& limits_of(Market market) noexcept {
    return limits_[static_cast<std::size_t>(market)];
  }

  async::Loop& loop_;
  SimOptions options_;
  BinanceRest rest_;
  SimArchive archive_;
  std::array<ClientLimits, kMarketCount> limits_;
  Ledger ledger_;
  std::uint64_t requests_ = 0;
};

}  // namespace bf::sim
