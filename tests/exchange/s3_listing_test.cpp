// tests/exchange/s3_listing_test.cpp
//
// Goal: a listing is read whole or refused; none that is cut passes for a short one. Method: small
// documents, and one cut at every byte.
#include "engine/exchange/s3_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kFolder = "data/spot/monthly/klines/";

std::string listing(const std::string& entries, const std::string& truncated = "false",
                    const std::string& marker = "") {
  return "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\"><Name>n</Name><IsTruncated>" +
         truncated + "</IsTruncated>" +
         (marker.empty() ? "" : "<NextMarker>" + marker + "</NextMarker>") + entries +
         "</ListBucketResult>\n";
}

std::string folder(const std::string& name) {
  return "<CommonPrefixes><Prefix>" + std::string(kFolder) + name + "/</Prefix></CommonPrefixes>";
}

TEST(S3Listing, ReadsFoldersAndFiles) {
  const std::string file =
      "<Contents><Key>" + std::string(kFolder) + "a&amp;b.zip</Key><Size>7</Size></Contents>";
  const auto read = s3::parse_listing(kFolder, listing(file + folder("BTCUSDT") + folder("币安")));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(read->names, ElementsAre("a&b.zip", "BTCUSDT", "币安"));
  EXPECT_EQ(read->next, "");
}

TEST(S3Listing, AnEmptyFolderHasNoNames) {
  const auto read = s3::parse_listing(kFolder, listing(""));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(read->names, IsEmpty());
}

TEST(S3Listing, SaysWhereItGoesOn) {
  const auto read =
      s3::parse_listing(kFolder, listing(folder("A"), "true", std::string(kFolder) + "A/"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->next, "data/spot/monthly/klines/A/");
  EXPECT_EQ(s3::listing_target(kFolder, read->next),
            "/?delimiter=%2F&prefix=data%2Fspot%2Fmonthly%2Fklines%2F"
            "&marker=data%2Fspot%2Fmonthly%2Fklines%2FA%2F");
}

TEST(S3Listing, NoCutOfOnePassesForAWholeOne) {
  std::string whole = listing(folder("A") + folder("B"));
  whole.pop_back();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(s3::parse_listing(kFolder, whole.substr(0, size))) << size << " bytes";
  }
}

TEST(S3Listing, RefusesWhatIsNoListing) {
  const std::string cases[] = {
      "<html>blocked</html>",
      "",
      listing(folder("A"), "maybe"),
      listing(folder("A"), "true"),
      listing("<CommonPrefixes><Prefix>data/other/X/</Prefix></CommonPrefixes>"),
      listing("<CommonPrefixes></CommonPrefixes>"),
      listing("<CommonPrefixes><Prefix>" + std::string(kFolder) + "A/"),
      listing(folder("A&bogus;")),
  };
  for (const std::string& body : cases) {
    const auto read = s3::parse_listing(kFolder, body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code(), Code::kProtocol) << body;
    EXPECT_THAT(read.error().message(), HasSubstr("listing")) << body;
  }
}

TEST(S3Listing, BinanceListsTheSymbolsOfEachMarket) {
  const ArchiveApi* const um = find_archive("binance", "um");
  const ArchiveApi* const spot = find_archive("binance", "spot");
  EXPECT_EQ(um->symbols_folder(), "data/futures/um/monthly/klines/");
  EXPECT_EQ(spot->symbols_folder(), kFolder);
  EXPECT_THAT(spot->listing_target(kFolder, ""), HasSubstr("prefix=data%2Fspot"));
}

}  // namespace
}  // namespace bf::exchange
