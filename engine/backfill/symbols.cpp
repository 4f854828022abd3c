#include "engine/backfill/symbols.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "engine/exchange/canonical.h"

namespace bf::backfill {

std::string canonical_name(const store::InstrumentFacts& facts) {
  exchange::InstrumentTerms terms;
  terms.base = facts.base;
  terms.quote = facts.quote;
  terms.settle = facts.settle;
  terms.contract_type = facts.contract_type;
  terms.multiplier = facts.multiplier;
  terms.delisted = facts.delisted.value_or(0);
  const std::optional<exchange::CanonicalSymbol> symbol = exchange::canonical_symbol(terms);
  return symbol ? symbol->text() : std::string();
}

bool is_glob(std::string_view word) noexcept {
  return word.find_first_of("*?[") != std::string_view::npos;
}

bool is_own_name(std::string_view word) noexcept {
  return !is_glob(word) && word.find('/') == std::string_view::npos;
}

bool names_symbol(const std::string& word, const std::string& symbol,
                  const std::string& canonical) {
  if (word == symbol) return true;
  if (!is_glob(word)) return !canonical.empty() && word == canonical;
  const auto matches = [&word](const std::string& name) {
    return !name.empty() && fnmatch(word.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
  };
  return matches(symbol) || matches(canonical);
}

SelectedSymbols select_symbols(const Selection& selection, const FactsBySymbol& known) {
  std::map<std::string, std::string> canonical;  // by symbol
  for (const auto& [symbol, facts] : known) canonical.emplace(symbol, canonical_name(facts));
  SelectedSymbols out;
  std::set<std::string> symbols;
  if (selection.all) {
    for (const auto& [symbol, facts] : known) symbols.insert(symbol);
  }
  for (const std::string& word : selection.symbols) {
    if (selection.all) break;
    bool found = known.contains(word);
    if (found) symbols.insert(word);
    if (!is_own_name(word)) {
      for (const auto& [symbol, name] : canonical) {
        if (!names_symbol(word, symbol, name)) continue;
        symbols.insert(symbol);
        found = true;
      }
    }
    if (!found) out.unknown.push_back(word);
  }
  for (const std::string& symbol : symbols) {
    const bool excluded = std::any_of(
        selection.exclude.begin(), selection.exclude.end(),
        [&](const auto& word) { return names_symbol(word, symbol, canonical.at(symbol)); });
    if (!excluded) out.symbols.push_back(symbol);
  }
  // A word that nobody knows is no fault where it is left out anyway.
  std::erase_if(out.unknown, [&selection](const std::string& word) {
    return std::any_of(selection.exclude.begin(), selection.exclude.end(),
                       [&word](const auto& left_out) { return names_symbol(left_out, word, ""); });
  });
  return out;
}

bool has_kind(Kind kind, const store::InstrumentFacts& facts) {
  return kind != Kind::kFunding || facts.contract_type.empty() ||
         exchange::is_perpetual(facts.contract_type);
}

void leave_out_guesses(Kind kind, const Selection& selection, const FactsBySymbol& known,
                       SelectedSymbols& selected) {
  std::erase_if(selected.symbols, [&](const std::string& symbol) {
    const store::InstrumentFacts& facts = known.at(symbol);
    if (has_kind(kind, facts)) return false;
    const auto means_it = [&](const std::string& word) {
      return !is_glob(word) && names_symbol(word, symbol, canonical_name(facts));
    };
    return selection.all ||
           std::none_of(selection.symbols.begin(), selection.symbols.end(), means_it);
  });
}

}  // namespace bf::backfill
