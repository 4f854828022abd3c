// store/origin.h
//
// Where a row of a page or a segment came from, and what a row that lost against another leaves behind.
#pragma once

#include <cstddef>
#include <string>

#include "store/answer.h"
#include "store/store.h"

namespace bf::store {

/// Where a row came from.
struct RowOrigin {
  const Answer* answer = nullptr;  ///< lives as long as the source; may be merged (answer_merge.h)
  TimeMs asked_at = 0;             ///< of the answer that the row came with itself
  std::size_t end = 0;             ///< the row of the block up to which all this holds

  /// The answer that the row order goes by.
  [[nodiscard]] Answer exact() const {
    Answer exact = *answer;
    exact.asked_at = asked_at;
    return exact;
  }
};

/// A row that lost against another with other values. As a Conflict, but it points into its sources.
struct Loss {
  TimeMs open_time = 0;
  RowOrigin winner;
  RowOrigin loser;
  std::string winner_values;
  std::string loser_values;

  [[nodiscard]] Conflict conflict() const {
    return Conflict{open_time, winner.exact(), loser.exact(), winner_values, loser_values};
  }
};

}  // namespace bf::store
