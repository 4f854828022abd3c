// tests/store/answer_merge_test.cpp
//
// Goal: merged answers say of every slot what the answers said that they stand for, now and whatever
// comes later. Method: random rows and answers, folded as they are and merged, alone and together with
// later rows and answers; compared slot by slot at several instants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/answer_merge.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

constexpr TimeRange kAllTime = {kTimeMin, kTimeMax};
const TimeRange kSpan = span_of(Interval::k1m, kStart);

Answer rest(std::int64_t begin, std::int64_t end, TimeMs asked_at) {
  Answer answer;
  answer.exchange = "binance";
  answer.asked = {minute(begin), minute(end)};
  answer.asked_at = asked_at;
  answer.first_row = minute(begin);
  answer.last_row = minute(end - 1);
  return answer;
}

GapIndex fold(const RangeSet& held, std::span<const Answer> answers) {
  GapIndex gaps(kSeries);
  gaps.add_held({held, {}});
  for (const Answer& answer : answers) gaps.add_answer(answer);
  return gaps;
}

TEST(MergeAnswers, KeepsOneOfManyPagesThatAreHeld) {
  std::vector<Answer> answers;
  for (std::int64_t n = 0; n < 90; ++n)
    answers.push_back(rest(n * 10, n * 10 + 10, kStart + 500 - n));
  const MergedAnswers merged =
      merge_answers(answers, {RangeSet({minute(0), minute(900)}), {}}, kSeries, kSpan);
  ASSERT_EQ(merged.answers.size(), 1U);
  EXPECT_EQ(merged.answers[0].asked, (TimeRange{minute(0), minute(900)}));
  EXPECT_EQ(merged.answers[0].asked_at, kStart + 500) << "the latest of all";
  EXPECT_EQ(merged.answers[0].first_row, minute(0));
  EXPECT_EQ(merged.answers[0].last_row, minute(899));
  EXPECT_THAT(merged.index, testing::Each(0U));
}

TEST(MergeAnswers, MergesOverHolesThatAreConfirmed) {
  const TimeMs late = kStart + 10 * kDayMs;
  const std::vector<Answer> answers = {rest(0, 50, late), rest(50, 100, late + 7)};
  const RangeSet held = [] {
    RangeSet slots({minute(0), minute(20)});
    slots.add({minute(25), minute(100)});
    return slots;
  }();
  EXPECT_EQ(merge_answers(answers, {held, {}}, kSeries, kSpan).answers.size(), 1U);
}

TEST(MergeAnswers, LeavesThoseThatBearOnAnOpenQuestion) {
  const TimeMs late = kStart + 10 * kDayMs;
  RangeSet held({minute(0), minute(45)});
  held.add({minute(55), minute(100)});
  std::vector<Answer> answers = {rest(0, 50, late), rest(50, 100, late)};
  answers[0].last_row = minute(44);
  answers[1].first_row = minute(55);
  // The hole lies over the seam: neither spans it, and one answer in place of both would.
  EXPECT_EQ(merge_answers(answers, {held, {}}, kSeries, kSpan).answers.size(), 2U);
  // What an archive lacks is never confirmed by it.
  Answer file = rest(0, 100, late);
  file.channel = Channel::kArchiveMonthly;
  const MergedAnswers merged =
      merge_answers(std::vector<Answer>{file, file}, {held, {}}, kSeries, kSpan);
  EXPECT_EQ(merged.answers.size(), 1U) << "equal ones are one";
}

TEST(MergeAnswers, KeepsSourcesApart) {
  std::vector<Answer> answers(4, rest(0, 10, kStart));
  for (std::size_t i = 0; i < 4; ++i) answers[i].asked = {minute(0), minute(10)};
  answers[1].exchange = "okx";
  answers[2].channel = Channel::kArchiveDaily;
  answers[3].channel = Channel::kArchiveDaily;
  answers[3].archive_hash[0] = 1;
  EXPECT_EQ(merge_answers(answers, {RangeSet({minute(0), minute(10)}), {}}, kSeries, kSpan)
                .answers.size(),
            4U);
}

TEST(MergeAnswers, LeavesThoseThatReachOverTheSpan) {
  const std::int64_t month_end = (kSpan.to - kStart) / kMinuteMs;
  const std::vector<Answer> answers = {rest(month_end - 10, month_end, kStart),
                                       rest(month_end, month_end + 10, kStart)};
  const RangeSet held({minute(month_end - 10), minute(month_end + 10)});
  EXPECT_EQ(merge_answers(answers, {held, {}}, kSeries, kSpan).answers.size(), 2U);
}

RangeSet random_rows(Random& random, std::int64_t slots) {
  RangeSet held;
  const unsigned density = 60 + static_cast<unsigned>(random.below(40));
  for (std::int64_t n = 0; n < slots; ++n) {
    if (random.chance(density)) held.add({minute(n), minute(n + 1)});
  }
  return held;
}

/// An answer that gave the held rows of what it asked for.
Answer random_answer(Random& random, const RangeSet& held, std::int64_t begin, std::int64_t end) {
  Answer answer = rest(begin, end, kStart + static_cast<TimeMs>(random.below(5)) * 12 * kHourMs);
  answer.asked_at += static_cast<TimeMs>(random.below(4));
  if (random.chance(10)) answer.asked.from += 7;  // off the grid
  const RangeSet rows = held.intersect(answer.asked);
  answer.first_row = 0;
  answer.last_row = -1;
  if (!rows.empty() && !random.chance(10)) {
    answer.first_row = rows.ranges().front().from;
    answer.last_row = rows.ranges().back().to - kMinuteMs;
    if (answer.last_row < answer.first_row) answer.last_row = answer.first_row;
  }
  if (random.chance(20)) answer.channel = static_cast<Channel>(1 + random.below(5));
  if (random.chance(10)) answer.exchange = "okx";
  return answer;
}

std::vector<Answer> random_answers(Random& random, const RangeSet& held, std::int64_t slots) {
  std::vector<Answer> answers;
  for (int sweep = 0; sweep < 3; ++sweep) {
    for (std::int64_t at = 0; at < slots;) {
      const std::int64_t end =
          std::min<std::int64_t>(slots, at + 1 + static_cast<std::int64_t>(random.below(25)));
      if (!random.chance(20)) answers.push_back(random_answer(random, held, at, end));
      at = end;
    }
  }
  return answers;
}

TEST(MergeAnswers, ChangesTheStateOfNoSlotNowOrLater) {
  std::size_t before = 0;
  std::size_t after = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    constexpr std::int64_t kSlots = 160;
    const RangeSet held = random_rows(random, kSlots);
    const std::vector<Answer> answers = random_answers(random, held, kSlots);
    const MergedAnswers merged = merge_answers(answers, {held, {}}, kSeries, kSpan);
    before += answers.size();
    after += merged.answers.size();
    ASSERT_EQ(merged.index.size(), answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Answer& stands = merged.answers[merged.index[i]];
      ASSERT_TRUE(stands.asked.from <= answers[i].asked.from &&
                  answers[i].asked.to <= stands.asked.to);
      ASSERT_EQ(stands.exchange, answers[i].exchange);
      ASSERT_EQ(stands.channel, answers[i].channel);
    }
    // Alone, and with what other segments and the log may add.
    RangeSet more_held = held;
    std::vector<Answer> more;
    for (int round = 0; round < 4; ++round) {
      GapIndex as_it_was = fold(more_held, answers);
      GapIndex as_merged = fold(more_held, merged.answers);
      for (const Answer& answer : more) {
        as_it_was.add_answer(answer);
        as_merged.add_answer(answer);
      }
      ASSERT_EQ(as_merged.states(kAllTime), as_it_was.states(kAllTime)) << "seed " << seed;
      for (const TimeMs days : {0, 1, 3, 10}) {
        const TimeMs now = kStart + days * kDayMs;
        ASSERT_EQ(as_merged.to_fetch(kSpan, now), as_it_was.to_fetch(kSpan, now));
      }
      more_held.add(random_rows(random, kSlots).intersect(random_rows(random, kSlots)));
      for (const Answer& answer : random_answers(random, more_held, kSlots)) {
        if (random.chance(15)) more.push_back(answer);
      }
    }
  }
  EXPECT_LT(after, before) << "nothing was merged";
  RecordProperty("answers", static_cast<int>(before));
  RecordProperty("merged", static_cast<int>(after));
}

}  // namespace
}  // namespace bf::store::test
