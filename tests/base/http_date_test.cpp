#include "store/base/http_date.h"

#include <gtest/gtest.h>

#include <string>

namespace bf {
namespace {

TEST(HttpDate, RoundTrips) {
  EXPECT_EQ(format_http_date(784'111'777'000), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const TimeMs t : {TimeMs{0}, TimeMs{784'111'777'000}, TimeMs{951'782'399'000},
                         TimeMs{1'709'164'800'000}, TimeMs{4'102'444'799'000}}) {
    const std::optional<TimeMs> parsed = parse_http_date(format_http_date(t));
    ASSERT_TRUE(parsed) << format_http_date(t);
    EXPECT_EQ(*parsed, t);
  }
}

TEST(HttpDate, RefusesOthers) {
  for (const std::string text : {"",
                                 "Sun, 06 Nov 1994 08:49:37 UTC",
                                 "Sun 06 Nov 1994 08:49:37 GMT",
                                 "Mon, 06 Nov 1994 08:49:37 GMT",
                                 "Sun, 06 nov 1994 08:49:37 GMT",
                                 "Sun, 6 Nov 1994 08:49:37 GMT",
                                 "Thu, 31 Feb 2022 08:49:37 GMT",
                                 "Sun, 06 Nov 1994 24:49:37 GMT",
                                 "Sun, 06 Nov 1994 08:60:37 GMT",
                                 "Sun, 06 Nov 1994 08:49:61 GMT",
                                 "Sun, 06 Nov 1994 08:49:3x GMT",
                                 "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994",
                                 "Sun, 06 Nov 1994 08:49:37 GMT ",
                                 "Wed, 06 Nov 0094 08:49:37 GMT",
                                 "Tue, 14 Foo 2023 22:13:20 GMT",
                                 "Tue, 14 anF 2023 22:13:20 GMT",
                                 "Tue, 00 Nov 2023 22:13:20 GMT",
                                 "Tue, 14 Nov 1823 22:13:20 GMT",
                                 "Tue, 14 Nov 2023 2x:13:20 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace bf
