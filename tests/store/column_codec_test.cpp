// tests/store/column_codec_test.cpp
//
// Goal: whatever numbers a column has, it decodes to them; whatever bytes a column has, decoding them
// ends without touching others. Method: seeded rows of many shapes, extremes, and damaged bytes laid
// against the end of their memory, where a sanitizer sees a step too far.
#include "store/column_codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "store/row_codec.h"
#include "tests/support/sim_disk.h"

namespace bf::store {
namespace {

using bf::test::Random;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
using Values = std::vector<std::int64_t>;

/// Encoded bytes as decoders want them.
Bytes padded(std::span<const std::byte> bytes) {
  Bytes room(bytes.begin(), bytes.end());
  room.resize(bytes.size() + kReadAhead);
  return room;
}

Values round_trip(Column column, const Values& values, Aim aim) {
  ColumnCodec codec(aim);
  Bytes bytes;
  const ColumnBlock block = codec.encode(column, values, 0, Siblings{}, bytes);
  EXPECT_EQ(block.size, bytes.size());
  Bytes described;
  ByteWriter writer(described);
  write_column_block(writer, block);
  ByteReader reader(described);
  const Result<ColumnBlock> read = read_column_block(reader);
  EXPECT_TRUE(read && reader.finished());
  const Bytes room = padded(bytes);
  Values decoded(values.size());
  const Result<void> done =
      codec.decode(*read, std::span(room).first(bytes.size()), Siblings{}, decoded);
  EXPECT_TRUE(done) << done.error().message();
  return decoded;
}

/// Numbers of up to `bits` bits, and of fewer most of the time.
std::int64_t fat_tailed(Random& random, unsigned bits) {
  const auto width = random.below(bits + 1);
  const std::uint64_t value = width == 0 ? 0 : random.next() >> (64 - width);
  return static_cast<std::int64_t>(random.below(2) == 0 ? value : ~value);
}

class EveryColumn : public ::testing::TestWithParam<Column> {};

TEST_P(EveryColumn, ComesBackWhateverItsRowCount) {
  Random random(1);
  for (const std::size_t rows : {1U, 2U, 3U, 4U, 5U, 7U, 31U, 127U, 128U, 129U, 2047U, 2048U}) {
    Values values(rows);
    for (std::int64_t& value : values) value = fat_tailed(random, 20);
    for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
      EXPECT_EQ(round_trip(GetParam(), values, aim), values) << rows << " rows";
    }
  }
}

TEST_P(EveryColumn, ComesBackWhateverItsWidth) {
  Random random(2);
  for (unsigned bits = 0; bits <= 64; ++bits) {
    Values values(300);
    for (std::int64_t& value : values) value = fat_tailed(random, bits);
    for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
      EXPECT_EQ(round_trip(GetParam(), values, aim), values) << bits << " bits";
    }
  }
}

TEST_P(EveryColumn, ComesBackWithOutliersAnywhere) {
  for (const std::size_t at : {0U, 1U, 99U, 100U, 299U, 398U, 399U}) {
    for (const std::int64_t outlier : {kMin, kMax, std::int64_t{1} << 33, std::int64_t{70'000}}) {
      Values values(400, 12'345);
      values[at] = outlier;
      for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
        EXPECT_EQ(round_trip(GetParam(), values, aim), values) << outlier << " at " << at;
      }
    }
  }
}

TEST_P(EveryColumn, ComesBackWhereEveryValueIsTheSame) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{7}, kMin, kMax}) {
    const Values values(2048, value);
    for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
      EXPECT_EQ(round_trip(GetParam(), values, aim), values);
    }
  }
}

TEST_P(EveryColumn, ComesBackWhereExtremesAlternate) {
  Values values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? kMin : kMax;
  for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
    EXPECT_EQ(round_trip(GetParam(), values, aim), values);
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, EveryColumn,
                         ::testing::Values(Column::kOpenTime, Column::kClose, Column::kOpen,
                                           Column::kVolume, Column::kTrades),
                         [](const auto& tested) { return std::string(column_name(tested.param)); });

/// Rows whose columns hang together as those of a market do; `wild` breaks that now and then. A codec
/// does not ask which columns belong together: they have all of them.
CandleBatch market_rows(Random& random, std::size_t rows, bool wild) {
  CandleBatch batch;
  batch.columns = kAllColumns;
  std::int64_t close = 4'000'000;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto up_to = [&random](std::uint64_t bound) {
      return static_cast<std::int64_t>(random.below(bound));
    };
    const std::int64_t open = close + (up_to(5) == 0 ? up_to(9) - 4 : 0);
    close = open + up_to(2001) - 1000;
    const std::int64_t high = std::max(open, close) + (up_to(3) == 0 ? up_to(900) : 0);
    const std::int64_t low = std::min(open, close) - (up_to(3) == 0 ? up_to(900) : 0);
    const std::int64_t volume = up_to(50) == 0 ? 0 : up_to(1U << random.below(24));
    const std::int64_t taker = volume == 0 ? 0 : up_to(static_cast<std::uint64_t>(volume) + 1);
    const std::int64_t quote = volume * ((high + low) / 2);
    const std::array<std::int64_t, kColumnCount> row = {static_cast<std::int64_t>(i) * kMinuteMs,
                                                        open,
                                                        high,
                                                        low,
                                                        close,
                                                        volume,
                                                        quote,
                                                        up_to(1U << random.below(12)),
                                                        taker,
                                                        taker * ((high + low) / 2),
                                                        up_to(2'001) - 1'000,
                                                        close,
                                                        8};
    for (std::size_t c = 0; c < kColumnCount; ++c) {
      const bool breaks = wild && c > 0 && random.below(40) == 0;
      batch.data[c].values.push_back(breaks ? fat_tailed(random, 60) : row[c]);
    }
  }
  for (const Column price : {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}) {
    batch.column(price).scale = 2;
  }
  batch.column(Column::kVolume).scale = batch.column(Column::kTakerBuyBase).scale = 5;
  batch.column(Column::kQuoteVolume).scale = batch.column(Column::kTakerBuyQuote).scale = 7;
  return batch;
}

struct Encoded {
  EncodedRows rows;
  Bytes bytes;
  ColumnBytes columns() const {
    ColumnBytes columns;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (!rows.columns.contains(static_cast<Column>(i))) continue;
      columns[i] = std::span(bytes).subspan(at, rows.blocks[i].size);
      at += rows.blocks[i].size;
    }
    return columns;
  }
};

Encoded encode(const CandleBatch& batch, Aim aim = Aim::kSmall) {
  RowCodec codec(aim);
  Encoded encoded;
  encoded.rows = codec.encode(batch, 0, batch.row_count(), encoded.bytes);
  encoded.bytes = padded(encoded.bytes);
  return encoded;
}

void expect_same(const CandleBatch& decoded, const CandleBatch& batch) {
  ASSERT_EQ(decoded.row_count(), batch.row_count());
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    ASSERT_TRUE(same_row(decoded, row, batch, row)) << "row " << row;
  }
}

TEST(RowCodecTest, GivesBackRowsOfAMarketAndWildOnes) {
  Random random(3);
  for (const bool wild : {false, true}) {
    for (const std::size_t rows : {1U, 5U, 500U, 2048U}) {
      const CandleBatch batch = market_rows(random, rows, wild);
      for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
        const Encoded encoded = encode(batch, aim);
        RowCodec codec;
        CandleBatch decoded;
        ASSERT_TRUE(codec.decode(encoded.rows, encoded.columns(), rows, kAllColumns, decoded));
        expect_same(decoded, batch);
      }
    }
  }
}

TEST(RowCodecTest, ReadsEachColumnAloneWithWhatItLeansOn) {
  Random random(4);
  const CandleBatch batch = market_rows(random, 700, false);
  const Encoded encoded = encode(batch);
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    RowCodec codec;
    CandleBatch decoded;
    ASSERT_TRUE(codec.decode(encoded.rows, encoded.columns(), 700, {column}, decoded));
    EXPECT_EQ(decoded.columns, ColumnSet{column});
    for (std::size_t row = 0; row < 700; ++row) {
      ASSERT_EQ(decoded.text_at(column, row), batch.text_at(column, row)) << column_name(column);
    }
  }
}

TEST(RowCodecTest, KeepsAnyChoiceOfColumns) {
  Random random(5);
  for (std::uint32_t bits = 1; bits < 1U << kColumnCount; bits += 2) {
    CandleBatch batch = market_rows(random, 60, bits % 3 == 0);
    batch.columns = ColumnSet::from_bits(bits);
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (!batch.columns.contains(static_cast<Column>(i))) batch.data[i] = {};
    }
    const Encoded encoded = encode(batch);
    RowCodec codec;
    CandleBatch decoded;
    ASSERT_TRUE(codec.decode(encoded.rows, encoded.columns(), 60, kAllColumns, decoded));
    expect_same(decoded, batch);
  }
}

TEST(RowCodecTest, TakesFewBitsForRowsOfAMarket) {
  Random random(6);
  const CandleBatch batch = market_rows(random, 2048, false);
  const Encoded encoded = encode(batch);
  EXPECT_EQ(encoded.rows.block(Column::kOpenTime).size, 0U) << "times on the grid are free";
  EXPECT_LT(encoded.rows.block(Column::kClose).size, 2048U * 12 / 8);
  EXPECT_LT(encoded.rows.block(Column::kHigh).size, 2048U * 6 / 8);
}

/// Decodes from memory that ends where the contract says it may.
void decode_damaged(EncodedRows rows, const Bytes& bytes, std::size_t count) {
  const Bytes room = bytes;  // its own allocation, exactly as long
  Encoded encoded{std::move(rows), room};
  RowCodec codec;
  CandleBatch decoded;
  (void)codec.decode(encoded.rows, encoded.columns(), count, kAllColumns, decoded);
}

TEST(RowCodecTest, SurvivesAnyBytes) {
  Random random(7);
  const CandleBatch batch = market_rows(random, 150, true);
  for (const Aim aim : {Aim::kSmall, Aim::kQuick}) {
    const Encoded good = encode(batch, aim);
    for (std::size_t at = 0; at + kReadAhead < good.bytes.size(); ++at) {
      for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xFFU}) {
        Bytes bad = good.bytes;
        bad[at] ^= static_cast<std::byte>(flip);
        decode_damaged(good.rows, bad, 150);
      }
    }
    for (int round = 0; round < 3000; ++round) {
      Bytes bad = good.bytes;
      for (std::size_t at = 0; at + kReadAhead < bad.size(); ++at) {
        if (random.below(8) == 0) bad[at] = static_cast<std::byte>(random.next());
      }
      decode_damaged(good.rows, bad, 150);
    }
  }
  SUCCEED() << "a sanitizer would have ended the program";
}

TEST(RowCodecTest, SurvivesAnyDescription) {
  Random random(8);
  const CandleBatch batch = market_rows(random, 150, false);
  const Encoded good = encode(batch);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    Encoded bad = good;
    const auto column = static_cast<std::size_t>(random.below(kColumnCount));
    Bytes described;
    ByteWriter writer(described);
    write_column_block(writer, good.rows.blocks[column]);
    described[random.below(described.size())] = static_cast<std::byte>(random.next());
    ByteReader reader(described);
    const Result<ColumnBlock> block = read_column_block(reader);
    if (!block || block->size != good.rows.blocks[column].size) continue;
    bad.rows.blocks[column] = *block;
    ++accepted;
    decode_damaged(bad.rows, bad.bytes, 150);
  }
  EXPECT_GT(accepted, 1000U);
}

}  // namespace
}  // namespace bf::store
