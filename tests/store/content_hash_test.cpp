// tests/store/content_hash_test.cpp
//
// Goal: what a series says does not depend on how it came to say it. Method: the same answers in
// random orders, some of them twice, with seals, compactions, reopenings and kills anywhere, against
// the hash of all of them asked once; a map of rows is the oracle beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

/// What a series must say: per slot the row that stands, its source, and the values that lost.
struct Slot {
  Answer answer;
  std::string values;
  std::set<std::string> others;  ///< all values that were ever given
};
using Model = std::map<TimeMs, Slot>;

void add(Model& model, const AnsweredRows& page) {
  for (std::size_t i = 0; i < page.rows.row_count(); ++i) {
    const std::string values = row_values(page.rows, i);
    const auto [at, added] =
        model.try_emplace(page.rows.open_time()[i], Slot{page.answer, values, {}});
    Slot& slot = at->second;
    slot.others.insert(values);
    if (added) continue;
    auto order = compare_rank(page.answer, slot.answer, kSeries.instrument.exchange);
    if (order == 0) order = values <=> slot.values;
    if (order == 0) order = compare_rest(page.answer, slot.answer);
    if (order > 0) {
      slot.answer = page.answer;
      slot.values = values;
    }
  }
}

Answer page_answer(Random& random, std::int64_t begin, std::int64_t end, const CandleBatch& rows) {
  // Some are asked soon after their slots closed, some long after: holes of every state.
  const TimeMs asked_at = minute(end) + static_cast<TimeMs>(random.below(6)) * 13 * kHourMs +
                          static_cast<TimeMs>(random.below(3));
  Answer answer = answer_for({minute(begin), minute(end)}, rows, asked_at);
  if (random.chance(25)) {
    answer.channel = static_cast<Channel>(1 + random.below(5));
    if (answer.channel == Channel::kArchiveDaily) {
      answer.archive_hash[0] = static_cast<std::uint8_t>(1 + random.below(2));
    }
  }
  if (random.chance(15)) answer.exchange = random.chance(50) ? "okx" : "bybit";
  return answer;
}

/// Neighbouring, overlapping and disjoint pages over the end of a month, with holes and revisions.
std::vector<AnsweredRows> random_pages(Random& random) {
  std::vector<AnsweredRows> pages;
  std::int64_t begin = 1'300;
  for (int n = 0; n < 24; ++n) {
    if (random.chance(25)) begin = 1'300 + static_cast<std::int64_t>(random.below(280));
    const auto end = begin + 1 + static_cast<std::int64_t>(random.below(40));
    AnsweredRows page;
    page.rows.columns = random.chance(10) ? kOhlcvColumns : kCandleColumns;
    const unsigned kept = random.chance(60) ? 100 : static_cast<unsigned>(random.below(101));
    for (std::int64_t i = begin; i < end; ++i) {
      if (i % 31 < 4 || !random.chance(kept)) continue;
      append_candle(page.rows, i,
                    random.chance(12) ? 1 + static_cast<std::int64_t>(random.below(3)) : 0);
    }
    page.answer = page_answer(random, begin, end, page.rows);
    pages.push_back(std::move(page));
    begin = end;
  }
  return pages;
}

struct Said {
  std::uint64_t hash = 0;
  std::vector<StateRange> states;
  std::vector<Conflict> conflicts;
};

Result<Said> said(const Store& store) {
  const auto snapshot = store.read(kSeries);
  if (!snapshot) return fail(snapshot.error());
  if (const Result<void> sound = (*snapshot)->verify(); !sound) return fail(sound.error());
  const Result<std::uint64_t> hash = (*snapshot)->content_hash();
  if (!hash) return fail(hash.error());
  Result<std::vector<Conflict>> conflicts = (*snapshot)->conflicts();
  if (!conflicts) return fail(conflicts.error());
  return Said{*hash, (*snapshot)->gaps().states({kTimeMin, kTimeMax}), std::move(*conflicts)};
}

/// All pages in one commit, sealed.
Said asked_once(std::span<const AnsweredRows> pages) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  EXPECT_TRUE(writing.writer->append(pages));
  EXPECT_TRUE(writing.writer->sync());
  EXPECT_TRUE(writing.writer->seal());
  return said(*writing.store).value();
}

void check_model(const Store& store, const Model& model) {
  const auto snapshot = store.read(kSeries).value();
  const std::unique_ptr<Scan> scan =
      snapshot->scan({0, kTimeMax}, kAllColumns, {.provenance = true, .live = false});
  auto expected = model.begin();
  for (ScanBatch batch; scan->next(batch).value();) {
    std::size_t run = 0;
    for (std::size_t row = 0; row < batch.rows.row_count(); ++row, ++expected) {
      while (batch.provenance[run].row_end <= row) ++run;
      const Answer& answer = batch.answers[batch.provenance[run].answer];
      ASSERT_NE(expected, model.end());
      ASSERT_EQ(batch.rows.open_time()[row], expected->first);
      ASSERT_EQ(row_values(batch.rows, row), expected->second.values);
      ASSERT_EQ(answer.exchange, expected->second.answer.exchange);
      ASSERT_EQ(answer.channel, expected->second.answer.channel);
      ASSERT_EQ(answer.archive_hash, expected->second.answer.archive_hash);
      ASSERT_EQ(answer.asked_at, expected->second.answer.asked_at);
    }
  }
  ASSERT_EQ(expected, model.end());
  std::map<TimeMs, std::set<std::string>> lost;
  const std::vector<Conflict> conflicts = snapshot->conflicts().value();
  for (const Conflict& conflict : conflicts) {
    ASSERT_EQ(conflict.winner_values, model.at(conflict.open_time).values);
    ASSERT_TRUE(lost[conflict.open_time].insert(conflict.loser_values).second) << "twice";
  }
  for (const auto& [time, slot] : model) {
    std::set<std::string> others = slot.others;
    others.erase(slot.values);
    const auto at = lost.find(time);
    ASSERT_EQ(at == lost.end() ? std::set<std::string>() : at->second, others);
  }
}

/// Commits the pages in a random order, some twice, with whatever else happens to a store.
void run_schedule(std::uint64_t seed, std::vector<AnsweredRows> pages, const Said& once,
                  const Model& model) {
  Random random(seed);
  for (std::size_t i = pages.size(); i > 1; --i) std::swap(pages[i - 1], pages[random.below(i)]);
  const std::size_t distinct = pages.size();
  for (std::size_t i = random.below(4); i > 0; --i) pages.push_back(pages[random.below(distinct)]);

  SimFileSystem files;
  Result<Writing> writing = open_writing(files);
  for (std::size_t at = 0; at < pages.size();) {
    const std::size_t count = std::min<std::size_t>(1 + random.below(4), pages.size() - at);
    ASSERT_TRUE(writing->writer->append(std::span(pages).subspan(at, count)));
    ASSERT_TRUE(writing->writer->sync());
    at += count;
    if (random.chance(40)) {
      ASSERT_TRUE(writing->writer->seal());
    }
    if (random.chance(25)) {
      const auto compacted = writing->writer->compact();
      ASSERT_TRUE(compacted) << compacted.error().message();
    }
    if (random.chance(15)) {
      writing = Writing{};
      files.kill();
      if (random.chance(50)) files.crash(random.next());
      writing = open_writing(files);
      ASSERT_TRUE(writing) << writing.error().message();
    }
  }
  for (const bool compacted : {false, true}) {
    if (compacted) {
      const auto report = writing->writer->compact();
      ASSERT_TRUE(report) << report.error().message();
      EXPECT_LE(report->segments_after, 2U);
    }
    const Result<Said> now = said(*writing->store);
    ASSERT_TRUE(now) << now.error().message();
    EXPECT_EQ(now->states, once.states) << "compacted: " << compacted;
    EXPECT_EQ(now->conflicts.size(), once.conflicts.size());
    ASSERT_EQ(now->hash, once.hash) << "compacted: " << compacted;
    check_model(*writing->store, model);
    EXPECT_EQ(writing->writer->gaps().states({kTimeMin, kTimeMax}), once.states);
  }
}

TEST(ContentHash, IsTheSameInWhateverOrderTheAnswersCame) {
  std::size_t conflicts = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const std::vector<AnsweredRows> pages = random_pages(random);
    Model model;
    for (const AnsweredRows& page : pages) add(model, page);
    const Said once = asked_once(pages);
    conflicts += once.conflicts.size();
    for (std::uint64_t schedule = 0; schedule < 5; ++schedule) {
      run_schedule(seed * 1'000 + schedule, pages, once, model);
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << " schedule " << schedule;
    }
  }
  EXPECT_GT(conflicts, 500U);
}

/// The truth in pages: every slot but those of a hole, cut where rows are.
std::vector<AnsweredRows> cut_pages(const std::vector<std::int64_t>& cuts) {
  std::vector<AnsweredRows> pages;
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    AnsweredRows page;
    page.rows.columns = kCandleColumns;
    for (std::int64_t n = cuts[i - 1]; n < cuts[i]; ++n) {
      if (n % 50 != 7 && n % 50 != 8) append_candle(page.rows, n);
    }
    page.answer = answer_for({minute(cuts[i - 1]), minute(cuts[i])}, page.rows,
                             kStart + 40 * kDayMs + static_cast<TimeMs>(i) * 100);
    pages.push_back(std::move(page));
  }
  return pages;
}

TEST(ContentHash, IsThatOfTheSameCandlesAskedForInOtherPages) {
  const Said once = asked_once(cut_pages({1'200, 1'700}));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::vector<std::int64_t> cuts = {1'200};
    while (cuts.back() < 1'700) {
      std::int64_t cut = std::min<std::int64_t>(
          1'700, cuts.back() + 1 + static_cast<std::int64_t>(random.below(90)));
      while (cut % 50 >= 7 && cut % 50 <= 9) ++cut;  // a hole over a seam is spanned by no page
      cuts.push_back(cut);
    }
    const std::vector<AnsweredRows> pages = cut_pages(cuts);
    EXPECT_EQ(asked_once(pages).hash, once.hash);
    SimFileSystem files;
    const Writing writing = open_writing(files).value();
    for (std::size_t i = pages.size(); i > 0; --i) {
      ASSERT_TRUE(commit(*writing.writer, pages[i - 1]));
      if (random.chance(30)) {
        ASSERT_TRUE(writing.writer->compact());
      }
    }
    EXPECT_EQ(said(*writing.store).value().hash, once.hash) << "seed " << seed;
  }
}

TEST(ContentHash, ChangesWithAnyPartOfWhatASeriesSays) {
  const auto hash_of = [](const std::vector<AnsweredRows>& pages) {
    return asked_once(pages).hash;
  };
  const std::vector<AnsweredRows> base = {page(10, 20)};
  std::set<std::uint64_t> hashes = {hash_of(base)};
  const auto differs = [&](const std::vector<AnsweredRows>& pages) {
    return hashes.insert(hash_of(pages)).second;
  };
  EXPECT_TRUE(differs({page(10, 19)})) << "a row less";
  EXPECT_TRUE(differs({page(10, 20, 1)})) << "other values";
  EXPECT_TRUE(differs({page(10, 20, 0, kStart + 40 * kDayMs, kOhlcvColumns)})) << "fewer columns";
  EXPECT_TRUE(differs({page(10, 20), page(12, 13, 1, kStart)})) << "a conflict";
  EXPECT_TRUE(differs({page(10, 20), page(12, 13, 2, kStart)})) << "another conflict";
  std::vector<AnsweredRows> wider = base;
  wider[0].answer.asked.to = minute(25);
  EXPECT_TRUE(differs(wider)) << "absent slots";
  std::vector<AnsweredRows> other = base;
  other[0].answer.channel = Channel::kArchiveDaily;
  EXPECT_TRUE(differs(other)) << "another source";
  other[0].answer.archive_hash[3] = 1;
  EXPECT_TRUE(differs(other)) << "another file";

  EXPECT_FALSE(differs({page(10, 20, 0, kStart + 50 * kDayMs)})) << "asked at another time";
  EXPECT_FALSE(differs({page(10, 15), page(15, 20)})) << "cut into pages";
  EXPECT_FALSE(differs({page(10, 20), page(12, 14, 0, kStart)})) << "the same rows again";
}

TEST(ContentHash, HasOneFormForAValueWhateverItsColumnsScale) {
  // 20 digits are wide beside a fine value, and an int64 alone.
  const auto hash_of = [](const std::vector<std::string>& volumes, std::size_t cut) {
    SimFileSystem files;
    const Writing writing = open_writing(files).value();
    for (std::size_t begin = 0; begin < volumes.size(); begin += cut) {
      AnsweredRows page;
      page.rows.columns = ColumnSet{Column::kVolume};
      for (std::size_t i = begin; i < std::min(volumes.size(), begin + cut); ++i) {
        page.rows.append(Column::kOpenTime, {minute(static_cast<std::int64_t>(i)), 0});
        Decimal value;
        if (parse_decimal(volumes[i], value) == DecimalStatus::kExact) {
          page.rows.append(Column::kVolume, value);
        } else {
          page.rows.append_wide(Column::kVolume, volumes[i]);
        }
      }
      const auto first = static_cast<std::int64_t>(begin);
      page.answer = answer_for(
          {minute(first), minute(first + static_cast<std::int64_t>(page.rows.row_count()))},
          page.rows);
      EXPECT_TRUE(commit(*writing.writer, page));
      EXPECT_TRUE(writing.writer->seal());
    }
    return said(*writing.store).value().hash;
  };
  const std::vector<std::string> volumes = {"9000000000000000000", "0.00000001", "1.5",
                                            "123456789012345678901234567890"};
  EXPECT_EQ(hash_of(volumes, 4), hash_of(volumes, 1));
}

}  // namespace
}  // namespace bf::store::test
