#include "tools/cli/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/backfill/symbols.h"
#include "engine/exchange/market_api.h"
#include "tools/cli/files.h"
#include "tools/cli/suggest.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

constexpr std::size_t kSymbolsFileBytesMax = 16U << 20;

std::vector<std::string> words_of(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    for (std::string& word : split(list, ',')) {
      if (std::find(words.begin(), words.end(), word) == words.end()) {
        words.push_back(std::move(word));
      }
    }
  }
  return words;
}

/// The market's own name: the one given, else the exchange's first.
Result<std::string> market_of(const std::string& exchange, const std::string& market) {
  if (market.empty()) {
    const auto markets = exchange::markets_of(exchange);
    if (!markets) return fail(markets.error());
    return std::string(markets->front()->market());
  }
  const auto found = exchange::find_market(exchange, market);
  if (!found) return fail(found.error());
  return market;
}

/// Collects symbols by market, in the order in which they were named.
class Selections {
 public:
  Result<backfill::Selection*> of(const std::string& exchange, const std::string& market) {
    const Result<std::string> name = market_of(exchange, market);
    if (!name) return fail(name.error());
    for (backfill::Selection& selection : all_) {
      if (selection.exchange == exchange && selection.market == *name) return &selection;
    }
    backfill::Selection selection;
    selection.exchange = exchange;
    selection.market = *name;
    all_.push_back(std::move(selection));
    return &all_.back();
  }

  Result<void> add(const SymbolLine& line) {
    const Result<backfill::Selection*> selection = of(line.exchange, line.market);
    if (!selection) return fail(selection.error());
    const Instrument instrument{line.exchange, (*selection)->market, line.symbol};
    const Result<void> valid = validate(instrument);
    if (!valid) return valid;
    if (!seen_.insert(instrument.name()).second) return {};
    (*selection)->symbols.push_back(line.symbol);
    if (!line.where.empty()) (*selection)->named_at.emplace(line.symbol, line.where);
    return {};
  }

  std::vector<backfill::Selection> take() { return std::move(all_); }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  void exclude(const std::vector<std::string>& symbols) {
    for (backfill::Selection& selection : all_) selection.exclude = symbols;
  }

 private:
  std::vector<backfill::Selection> all_;
  std::set<std::string> seen_;
};

Result<void> add_symbols_file(const std::string& path, Selections& selections) {
  const Result<std::string> text = read_text_file(path, kSymbolsFileBytesMax);
  if (!text) return fail(Code::kUsage, "--symbols-file: " + text.error().message());
  const Result<std::vector<SymbolLine>> lines = parse_symbols_file(*text, path);
  if (!lines) return fail(lines.error());
  for (const SymbolLine& line : *lines) {
    const Result<void> added = selections.add(line);
    if (!added) return fail(added.error().at(line.where));
  }
  return {};
}

Result<void> add_flags(const SelectionFlags& flags, Selections& selections) {
  const std::vector<std::string> symbols = words_of(flags.symbols);
  if (flags.all && !symbols.empty()) {
    return fail(Code::kUsage, "--all and --symbol contradict each other: give one of them");
  }
  if (flags.all || !symbols.empty()) {
    if (flags.exchange.empty()) {
      return fail(Code::kUsage, "name the exchange as well: --exchange binance");
    }
  }
  for (const std::string& symbol : symbols) {
    const Result<void> added = selections.add({symbol, flags.exchange, flags.market, ""});
    if (!added) return added;
  }
  if (flags.all) {
    const Result<backfill::Selection*> selection = selections.of(flags.exchange, flags.market);
    if (!selection) return fail(selection.error());
    (*selection)->all = true;
  }
  return {};
}

Result<SymbolLine> parse_line(std::string_view line, const std::string& where) {
  const std::vector<std::string> words = split(line, ' ');
  if (words.size() != 2) {
    return fail(Code::kUsage,
                fmt::format("{}: \"{}\" cannot be read: write SYMBOL EXCHANGE[/MARKET], "
                            "such as BTCUSDT binance/um",
                            where, printable(line)));
  }
  const std::size_t slash = words[1].find('/');
  SymbolLine parsed;
  parsed.where = where;
  parsed.symbol = words[0];
  parsed.exchange = words[1].substr(0, slash);
  if (slash != std::string::npos) parsed.market = words[1].substr(slash + 1);
  const Result<std::string> market = market_of(parsed.exchange, parsed.market);
  if (!market) return fail(market.error().at(where));
  const Result<void> valid = validate(Instrument{parsed.exchange, *market, parsed.symbol});
  if (!valid) return fail(valid.error().at(where));
  return parsed;
}

/// Whether `value` is one of those that the store holds, else an error with a suggestion.
Result<void> require_held(std::string_view flag, const std::string& value,
                          const std::vector<std::string>& known) {
  if (value.empty() || std::find(known.begin(), known.end(), value) != known.end()) return {};
  return fail(Code::kUsage, fmt::format("{} {}: the store holds nothing of it{}", flag,
                                        printable(value), did_you_mean(value, known)));
}

/// Keeps the series whose `part` is `value`; an empty value keeps all.
template <class Part>
Result<void> keep(std::vector<Series>& series, std::string_view flag, const std::string& value,
                  const Part& part) {
  if (value.empty()) return {};
  std::vector<std::string> known;
  for (const Series& one : series) known.push_back(part(one));
  const Result<void> held = require_held(flag, value, known);
  if (!held) return held;
  std::erase_if(series, [&](const Series& one) { return part(one) != value; });
  return {};
}

/// Keeps the series of the symbols that flags and file name; every one of them has to be held.
Result<void> keep_symbols(std::vector<Series>& series, const SelectionFlags& flags,
                          const CanonicalNames& canonical) {
  std::vector<SymbolLine> wanted;
  for (const std::string& symbol : words_of(flags.symbols)) wanted.push_back({symbol, "", "", ""});
  if (!flags.symbols_file.empty()) {
    const Result<std::string> text = read_text_file(flags.symbols_file, kSymbolsFileBytesMax);
    if (!text) return fail(Code::kUsage, "--symbols-file: " + text.error().message());
    const auto lines = parse_symbols_file(*text, flags.symbols_file);
    if (!lines) return fail(lines.error());
    wanted.insert(wanted.end(), lines->begin(), lines->end());
  }
  if (wanted.empty()) return {};
  std::vector<Series> kept;
  for (const SymbolLine& line : wanted) {
    const std::size_t before = kept.size();
    for (const Series& one : series) {
      const Instrument& instrument = one.instrument;
      if (backfill::names_symbol(line.symbol, instrument.symbol, canonical(instrument)) &&
          (line.exchange.empty() || instrument.exchange == line.exchange) &&
          (line.market.empty() || instrument.market == line.market)) {
        kept.push_back(one);
      }
    }
    if (kept.size() > before) continue;
    std::vector<std::string> known;
    for (const Series& one : series) known.push_back(one.instrument.symbol);
    const Error error(Code::kUsage,
                      fmt::format("{}: the store holds nothing of it{}", printable(line.symbol),
                                  did_you_mean(line.symbol, known)));
    return fail(line.where.empty() ? error : error.at(line.where));
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  series = std::move(kept);
  return {};
}

}  // namespace

std::vector<Flag> selection_flags(SelectionFlags& flags) {
  return {
      Flag("exchange", "NAME", "exchange, such as binance", &flags.exchange),
      Flag("market", "NAME", "market of it, such as um or spot (default: its first)",
           &flags.market),
      Flag("symbol", "LIST",
           "BTCUSDT (own name), BTC/USDT:USDT (canonical), *USDT; comma-separated", &flags.symbols,
           {"all", "symbols-file"}),
      Flag("all", "", "every symbol", &flags.all, {"symbol", "symbols-file"}),
      Flag("symbols-file", "FILE", "lines SYMBOL EXCHANGE[/MARKET], # comments",
           &flags.symbols_file, {"symbol", "all"}),
      Flag("exclude", "LIST", "symbols to leave out; the same forms", &flags.exclude),
      Flag("interval", "NAME", "1m, 5m, 1h, 1d ... (none for funding)", &flags.interval),
      Flag("kind", "NAME", "candles, mark, index, premium, funding", &flags.kind),
  };
}

Flag store_flag(std::string& store) {
  return Flag("store", "DIR", "the store (default: ./bf-store)", &store);
}

Result<std::vector<SymbolLine>> parse_symbols_file(std::string_view text, std::string_view name) {
  std::vector<SymbolLine> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    line.erase(std::min(line.find('#'), line.size()));
    std::replace(line.begin(), line.end(), '\t', ' ');
    if (trim(line).empty()) continue;
    const std::string where = fmt::format("{}:{}", printable(name), number);
    Result<SymbolLine> parsed = parse_line(trim(line), where);
    if (!parsed) return fail(parsed.error());
    lines.push_back(std::move(*parsed));
  }
  if (lines.empty()) return fail(Code::kUsage, printable(name) + ": no symbol stands in it");
  return lines;
}

Result<RunSelection> resolve_selection(const SelectionFlags& flags) {
  RunSelection run;
  if (!flags.kind.empty()) {
    const Result<Kind> kind = parse_kind(flags.kind);
    if (!kind) return fail(kind.error().at("--kind"));
    run.kind = *kind;
  }
  if (!flags.interval.empty()) {
    const Result<Interval> interval = parse_interval(flags.interval);
    if (!interval) return fail(interval.error().at("--interval"));
    run.interval = *interval;
  } else if (is_event_kind(run.kind)) {
    run.interval = Interval::kEvents;
  }
  if (is_event_kind(run.kind) != (run.interval == Interval::kEvents)) {
    return fail(Code::kUsage,
                fmt::format("--interval {} does not go with --kind {}: {}",
                            interval_name(run.interval), kind_name(run.kind),
                            is_event_kind(run.kind) ? "it comes as events; leave --interval out"
                                                    : "events are those of --kind funding"));
  }
  Selections selections;
  const Result<void> flagged = add_flags(flags, selections);
  if (!flagged) return fail(flagged.error());
  if (!flags.symbols_file.empty()) {
    const Result<void> listed = add_symbols_file(flags.symbols_file, selections);
    if (!listed) return fail(listed.error());
  }
  if (selections.empty()) {
    return fail(
        Code::kUsage,
        "nothing is selected: give --exchange binance and --symbol BTCUSDT (or --all), or a "
        "--symbols-file");
  }
  selections.exclude(words_of(flags.exclude));
  run.selections = selections.take();
  for (const backfill::Selection& selection : run.selections) {
    const auto market = exchange::find_market(selection.exchange, selection.market);
    if (!market) return fail(market.error());
    if ((*market)->serves(run.kind, run.interval)) continue;
    const Error error(
        Code::kUsage,
        fmt::format("{}/{} has no {}{}", selection.exchange, selection.market, kind_name(run.kind),
                    is_event_kind(run.kind) ? std::string()
                                            : fmt::format(" of {}", interval_name(run.interval))));
    const bool in_file = !selection.named_at.empty();
    return fail(in_file ? error.at(selection.named_at.begin()->second) : error);
  }
  return run;
}

CanonicalNames canonical_names(const store::InstrumentLedger& ledger) {
  return [&ledger](const Instrument& instrument) {
    const std::optional<store::InstrumentFacts> facts = ledger.find(instrument);
    return facts ? backfill::canonical_name(*facts) : std::string();
  };
}

Result<std::vector<Series>> select_series(const SelectionFlags& flags, std::vector<Series> held,
                                          const CanonicalNames& canonical) {
  std::vector<Series> series = std::move(held);
  if (series.empty()) return series;
  Result<void> kept = keep(series, "--exchange", flags.exchange,
                           [](const Series& one) { return one.instrument.exchange; });
  if (!kept) return fail(kept.error());
  kept = keep(series, "--market", flags.market,
              [](const Series& one) { return one.instrument.market; });
  if (!kept) return fail(kept.error());
  kept = keep_symbols(series, flags, canonical);
  if (!kept) return fail(kept.error());
  kept = keep(series, "--kind", flags.kind,
              [](const Series& one) { return std::string(kind_name(one.kind)); });
  if (!kept) return fail(kept.error());
  kept = keep(series, "--interval", flags.interval,
              [](const Series& one) { return std::string(interval_name(one.interval)); });
  if (!kept) return fail(kept.error());
  const std::vector<std::string> excluded = words_of(flags.exclude);
  std::erase_if(series, [&](const Series& one) {
    return std::any_of(excluded.begin(), excluded.end(), [&](const std::string& word) {
      return backfill::names_symbol(word, one.instrument.symbol, canonical(one.instrument));
    });
  });
  if (series.empty()) return fail(Code::kUsage, "--exclude leaves no series");
  return series;
}

}  // namespace bf::cli
