// tests/cli/config_test.cpp
//
// Goal: bf.toml says what flags say, and a mistake in it is named by file and line, never ignored.
#include "tools/cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cli/suggest.h"

namespace bf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  const Result<Config> config = parse_config(text, "bf.toml");
  return config ? std::string("no error") : config.error().message();
}

TEST(ConfigFile, ReadsEveryShapeOfValue) {
  const Result<Config> config = parse_config(
      "store = \"/srv/bf\"\n"
      "symbol = [\"BTCUSDT\", \"ETHUSDT\"]\n"
      "days = 90\n"
      "strict = true\n"
      "from = 2024-01-31\n"
      "[base-url]\n"
      "\"binance/um\" = \"http://127.0.0.1:8080\"\n"
      "[fallback]\n"
      "blofin = [\"okx\", \"bybit\"]\n",
      "bf.toml");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_THAT(config->at("store").values, ElementsAre("/srv/bf"));
  EXPECT_THAT(config->at("symbol").values, ElementsAre("BTCUSDT", "ETHUSDT"));
  EXPECT_THAT(config->at("days").values, ElementsAre("90"));
  EXPECT_THAT(config->at("strict").values, ElementsAre("true"));
  EXPECT_THAT(config->at("from").values, ElementsAre("2024-01-31"));
  EXPECT_THAT(config->at("base-url").values, ElementsAre("binance/um=http://127.0.0.1:8080"));
  EXPECT_THAT(config->at("fallback").values, ElementsAre("blofin=okx,bybit"));
  EXPECT_EQ(config->at("days").line, 3U);
}

TEST(ConfigFile, RefusesAnUnknownKeyWithASuggestion) {
  EXPECT_THAT(error_of("store = \"x\"\nmax-wieght = \"50%\"\n"),
              AllOf(HasSubstr("bf.toml:2"), HasSubstr("max-wieght"),
                    HasSubstr("did you mean max-weight?")));
  EXPECT_THAT(error_of("max_weight = 50"), HasSubstr("did you mean max-weight?"));
  EXPECT_THAT(error_of("entirely-different = 1"), ::testing::Not(HasSubstr("did you mean")));
}

TEST(ConfigFile, RefusesWhatIsNotToml) {
  EXPECT_THAT(error_of("store = \"x\"\n= 3\n"), HasSubstr("bf.toml:2"));
  EXPECT_THAT(error_of("store = \"unended\n"), HasSubstr("bf.toml:1"));
  EXPECT_THAT(error_of("days = 1\ndays = 2\n"), HasSubstr("bf.toml:2"));
}

TEST(ConfigFile, RefusesValuesOfTheWrongShape) {
  EXPECT_THAT(error_of("store = { a = 1 }"), HasSubstr("bf.toml:1"));
  EXPECT_THAT(error_of("symbol = [[\"a\"]]"), HasSubstr("bf.toml:1"));
  EXPECT_THAT(error_of("max-weight = 0.5"), HasSubstr("bf.toml:1"));
}

TEST(ConfigFile, RefusesSecretsWithoutRepeatingThem) {
  for (const char* const key : {"api-key", "api_secret", "password", "auth-token"}) {
    const std::string message = error_of(std::string(key) + " = \"hunter2\"");
    EXPECT_THAT(message, HasSubstr("secret")) << key;
    EXPECT_THAT(message, ::testing::Not(HasSubstr("hunter2"))) << key;
  }
}

TEST(ConfigFile, SaysThatAFileIsNotThere) {
  const Result<Config> config = read_config("/nonexistent/bf.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), Code::kUsage);
  EXPECT_THAT(config.error().message(), HasSubstr("/nonexistent/bf.toml"));
}

TEST(Suggestion, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("weight", "wieght"), 1U);
  EXPECT_EQ(edit_distance("store", "Stroe"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggestion, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> known = {"store", "symbol"};
  EXPECT_EQ(suggestion("sotre", known), "store");
  EXPECT_EQ(suggestion("xyzzy", known), std::nullopt);
  EXPECT_EQ(suggestion("", known), std::nullopt);
  EXPECT_EQ(suggestion(std::string(10'000, 'a'), known), std::nullopt);
}

}  // namespace
}  // namespace bf::cli
