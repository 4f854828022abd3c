// tests/endurance/fault_page_test.cpp
//
// Goal: docs/faults.md shows what is tested, and every id of the list is. Method: the page's tables are
// made from the list and looked for in the page; tests that are named are looked for in their files.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/endurance/fault_list.h"
#include "tests/support/source_tree.h"

namespace bf::test {
namespace {

/// A cell of a table: what parts cells is written otherwise.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += "` and `";
    } else {
      out += c;
    }
  }
  return out;
}

std::string injected_table() {
  std::string table =
      "| id | fault | injected as | REST | archive |\n| --- | --- | --- | --- | --- |\n";
  for (const ListedFault& fault : listed_faults()) {
    std::string what(fault.what);
    if (fault.market != "um") what.append(" (").append(fault.market).append(")");
    table.append("| ").append(fault.id).append(" | ").append(what).append(" | `");
    table.append(cell(fault.fault)).append("` | ").append(outcome_name(fault.rest));
    table.append(" | ").append(outcome_name(fault.archive)).append(" |\n");
  }
  return table;
}

std::string elsewhere_table() {
  std::string table = "| id | fault | why | test |\n| --- | --- | --- | --- |\n";
  for (const FaultElsewhere& fault : faults_elsewhere()) {
    table.append("| ").append(fault.id).append(" | ").append(fault.what).append(" | ");
    table.append(fault.why).append(" | ");
    table.append(fault.test.empty() ? "not tested" : "`" + std::string(fault.test) + "`");
    table.append(" |\n");
  }
  return table;
}

TEST(FaultPage, ShowsTheList) {
  const std::string page = read_source_file("docs/faults.md");
  EXPECT_NE(page.find(injected_table()), std::string::npos) << injected_table();
  EXPECT_NE(page.find(elsewhere_table()), std::string::npos) << elsewhere_table();
}

TEST(FaultPage, HasEveryIdOfTheList) {
  struct Letter {
    char name;
    int ids;
  };
  // How many ids each letter has; J, the feeds, is one.
  constexpr Letter kLetters[] = {{'A', 10}, {'B', 11}, {'C', 13}, {'D', 12}, {'E', 8},
                                 {'F', 9},  {'G', 19}, {'H', 4},  {'I', 6},  {'K', 5}};
  std::set<std::string> ids;
  for (const ListedFault& fault : listed_faults()) ids.emplace(fault.id);
  for (const FaultElsewhere& fault : faults_elsewhere()) ids.emplace(fault.id);
  std::size_t known = 1;
  EXPECT_TRUE(ids.contains("J"));
  for (const Letter& letter : kLetters) {
    for (int number = 1; number <= letter.ids; ++number, ++known) {
      EXPECT_TRUE(ids.contains(letter.name + std::to_string(number))) << letter.name << number;
    }
  }
  EXPECT_EQ(ids.size(), known);
}

TEST(FaultPage, NamesTestsThatExist) {
  for (const FaultElsewhere& fault : faults_elsewhere()) {
    if (fault.test.empty()) continue;
    const std::string test(fault.test);
    const std::size_t colon = test.find(": ");
    const std::size_t point = test.find('.', colon);
    ASSERT_NE(point, std::string::npos) << test;
    const std::string named =
        test.substr(colon + 2, point - colon - 2) + ", " + test.substr(point + 1) + ")";
    EXPECT_NE(read_source_file(test.substr(0, colon)).find(named), std::string::npos) << test;
  }
}

}  // namespace
}  // namespace bf::test
