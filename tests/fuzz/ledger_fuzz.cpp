// tests/fuzz/ledger_fuzz.cpp
//
// Goal: no instrument ledger, however hostile, does worse than an error or damaged lines. Method: it is
// read as it is and with the hash of each line repaired, asked, and appended to.
#include <array>
#include <cstdio>

#include "store/base/assert.h"
#include "store/instrument_ledger.h"
#include "tests/fuzz/fuzz_store.h"

namespace bf::store::fuzz {
namespace {

std::string hex(std::uint64_t value) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value));
  return digits.data();
}

/// Every line with the hash of what stands before its last tab; of the first line, its version too.
std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string_view body = line.substr(0, line.rfind('\t') + 1);
    out.append(body);
    out.append(hex(digest(std::as_bytes(std::span(body)), 0))).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void run(std::string_view text) {
  SimFileSystem files;
  const auto file = files.open("instruments", FileSystem::Open::kCreateNew);
  BF_ASSERT(file);
  BF_ASSERT((*file)->pwrite(std::as_bytes(std::span(text)), 0));
  auto ledger = InstrumentLedger::open(files);
  if (!ledger) return;
  InstrumentFacts facts;
  facts.instrument = kSeries.instrument;
  facts.status = "TRADING";
  for (const InstrumentFacts& known : ledger->all("binance", "um")) facts = known;
  static_cast<void>(ledger->find_as_of(facts.instrument, 1'700'000'000'000));
  static_cast<void>(ledger->refreshed_at("binance", "um"));
  facts.price_tick += "0";
  const bool recorded = ledger->record(1'800'000'000'000, {&facts, 1}).has_value();
  // What was recorded is found by the next process.
  const auto again = InstrumentLedger::open(files);
  BF_ASSERT(again);
  if (recorded) BF_ASSERT(again->find(facts.instrument) == ledger->find(facts.instrument));
}

}  // namespace
}  // namespace bf::store::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::run(text);
  fuzz::run(fuzz::repaired(text));
  return 0;
}
