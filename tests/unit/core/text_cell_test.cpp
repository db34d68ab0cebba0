#include "core/text_cell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace servicekit {
namespace {

TEST(TextCellTest, ReturnsTheLatestText) {
    TextCell cell;
    EXPECT_EQ(cell.get(), "");
    const std::string with_null{"a\0b", 3};
    for (const std::string& text :
         {std::string{"a"}, std::string{"12345678"}, with_null, std::string{}, std::string(255, 'x')}) {
        cell.set(text);
        EXPECT_EQ(cell.get(), text);
    }
}

TEST(TextCellTest, AReaderDoesNotWaitForAStoppedWriter) {
    TextCell cell;
    cell.set("before");
    std::vector<std::string> seen;
    cell.set(std::string(100, 'x'), [&] { seen.push_back(cell.get()); });
    EXPECT_EQ(seen.size(), 13U);
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const std::string& text) { return text == "before"; }));
    EXPECT_EQ(cell.get(), std::string(100, 'x'));
}

TEST(TextCellTest, AReaderNeverGetsPartsOfTwoTexts) {
    constexpr int texts = 20'000;
    TextCell cell;
    std::atomic<int> writing{2};
    const auto write = [&](char first, char second) {
        for (int i = 0; i < texts; ++i) cell.set(std::string(i % 2 == 0 ? 255 : 17, i % 3 == 0 ? first : second));
        --writing;
    };
    std::thread one{write, 'a', 'b'};
    std::thread other{write, 'c', 'd'};
    while (writing > 0) {
        const std::string text = cell.get();
        if (text.empty()) continue;
        ASSERT_TRUE(text.size() == 255 || text.size() == 17) << text;
        ASSERT_EQ(text, std::string(text.size(), text.front()));
    }
    one.join();
    other.join();
}

}  // namespace
}  // namespace servicekit
