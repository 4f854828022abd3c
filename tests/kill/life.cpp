#include "tests/kill/life.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "engine/limits/ban_file.h"
#include "store/instrument_ledger.h"

namespace bf::store::crash {
namespace {

constexpr TimeMs kNow = kAskedAt;
constexpr const char* kBanKey = "127.0.0.1:8080 direct";

/// Says a line in one write, so that a kill leaves the whole of it or nothing that counts.
void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

std::string at(const char* what, const Error& error) {
  return std::string(what) + ": " + error.message();
}

InstrumentFacts facts(std::size_t number) {
  InstrumentFacts facts;
  facts.instrument = {"binance", "um", "A" + std::to_string(number) + "USDT"};
  facts.status = "TRADING";
  return facts;
}

/// The steps done one after the other.
class Life {
 public:
  Life(const Places& places, FileSystem& files) : places_(places), files_(files) {}

  Finding run() {
    for (const Step& step : script_.steps) {
      Finding finding = take(step);
      if (!finding.empty()) return finding;
    }
    return {};
  }

 private:
  Finding take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kOpen:
        return open();
      case Step::Kind::kAppend:
        return append(step);
      case Step::Kind::kSync:
        if (const auto done = writers_[step.series]->sync(); !done) return at("sync", done.error());
        return acknowledge(step.series);
      case Step::Kind::kSeal:
        if (const auto done = writers_[step.series]->seal(); !done) return at("seal", done.error());
        return acknowledge(step.series);
      case Step::Kind::kCompact:
        if (const auto done = writers_[step.series]->compact(); !done) {
          return at("compact", done.error());
        }
        return {};
      case Step::Kind::kShut:
        return shut();
      case Step::Kind::kList:
        return list(step.count);
      case Step::Kind::kBan:
        return ban(static_cast<TimeMs>(step.count));
    }
    return "unknown step";
  }

  Finding open() {
    StoreOptions options;
    options.mode = StoreOptions::Mode::kWrite;
    auto store = Store::open(files_, clock_, options);
    if (!store) return at("open", store.error());
    store_ = std::move(*store);
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
      auto writer = store_->writer(script_.pages.series[i].series);
      if (!writer) return at("writer", writer.error());
      if ((*writer)->recovery().damaged()) return "recovery speaks of damage";
      writers_[i] = std::move(*writer);
    }
    return {};
  }

  Finding append(const Step& step) {
    const std::vector<AnsweredRows>& commits = script_.pages.series[step.series].commits;
    std::vector<AnsweredRows> pages;
    for (std::size_t i = step.first; i < step.first + step.count; ++i) {
      const bool held = writers_[step.series]->gaps().count(commits[i].answer.asked).missing == 0;
      if (!held) pages.push_back(commits[i]);
    }
    appended_[step.series] = step.first + step.count;
    if (pages.empty()) return {};
    const auto done = writers_[step.series]->append(pages);
    return done ? "" : at("append", done.error());
  }

  Finding acknowledge(std::size_t i) {
    say("acknowledged " + std::to_string(i) + " " + std::to_string(appended_[i]));
    return {};
  }

  Finding shut() {
    for (auto& writer : writers_) {
      if (const auto closed = writer->close(); !closed) return at("close", closed.error());
      writer.reset();
    }
    store_.reset();
    return {};
  }

  Finding list(std::size_t count) {
    Result<InstrumentLedger> ledger = InstrumentLedger::open(files_);
    if (!ledger) return at("ledger", ledger.error());
    std::vector<InstrumentFacts> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(facts(i));
    const auto done = ledger->record_list(kNow, "binance", "um", all);
    if (!done) return at("ledger", done.error());
    say("listed " + std::to_string(count));
    return {};
  }

  Finding ban(TimeMs minutes) {
    const TimeMs until = kNow + minutes * kMinuteMs;
    auto file = limits::BanFile::open(places_.state, kBanKey, clock_);
    if (!file) return at("ban file", file.error());
    if (const auto done = file->store({until, "HTTP 418"}); !done) return at("ban", done.error());
    say("banned " + std::to_string(until));
    return {};
  }

  const Places& places_;
  FileSystem& files_;
  Script script_ = make_script();
  ManualClock clock_{kNow};
  std::unique_ptr<Store> store_;
  std::array<std::unique_ptr<SeriesWriter>, kSeriesCount> writers_;
  std::array<std::size_t, kSeriesCount> appended_{};
};

Finding check_beside(const Places& places, FileSystem& files, const Said& said) {
  const Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
  if (!ledger) return at("ledger", ledger.error());
  for (std::size_t i = 0; i < said.listed; ++i) {
    if (!ledger->find(facts(i).instrument)) return "the ledger lost " + facts(i).instrument.symbol;
  }
  const ManualClock clock(kNow);
  const auto file = limits::BanFile::open(places.state, kBanKey, clock);
  if (!file) return at("ban file", file.error());
  const auto ban = file->load();
  if (!ban) return at("ban", ban.error());
  if (said.banned_until > 0 && (!*ban || (*ban)->until < said.banned_until)) return "a ban is lost";
  return {};
}

}  // namespace

Said read_said(const std::string& path) {
  Said said;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    std::istringstream words(line);
    std::string what;
    std::size_t first = 0;
    std::size_t second = 0;
    words >> what >> first >> second;
    if (what == "acknowledged") {
      said.acknowledged.at(first) = std::max(said.acknowledged.at(first), second);
    } else if (what == "kept" || what == "whole") {
      said.whole.at(first).insert(second);
    } else if (what == "listed") {
      said.listed = std::max(said.listed, first);
    } else if (what == "banned") {
      said.banned_until = std::max(said.banned_until, static_cast<TimeMs>(first));
    }
  }
  return said;
}

Finding say_hashes(FileSystem& files) {
  const ManualClock clock(kNow);
  const auto store = Store::open(files, clock, {});
  if (!store) return at("open for reading", store.error());
  const Oracle oracle;
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    const auto snapshot = (*store)->read(oracle.series[i].series);
    if (!snapshot) return at("read", snapshot.error());
    const auto hash = (*snapshot)->content_hash();
    if (!hash) return at("hash", hash.error());
    say("hash " + std::to_string(i) + " " + std::to_string(*hash));
  }
  return {};
}

Finding fill(const Places& places) {
  const auto files = open_file_system(places.store, /*create=*/true);
  if (!files) return at("store", files.error());
  Finding finding = Life(places, **files).run();
  return finding.empty() ? say_hashes(**files) : finding;
}

Finding check(const Places& places, const Said& said) {
  const auto files = open_file_system(places.store, /*create=*/true);
  if (!files) return at("store", files.error());
  Oracle oracle = make_script().pages;
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    oracle.series[i].acknowledged = said.acknowledged[i];
  }
  Finding finding = check_store(**files, oracle);
  return finding.empty() ? check_beside(places, **files, said) : finding;
}

}  // namespace bf::store::crash
