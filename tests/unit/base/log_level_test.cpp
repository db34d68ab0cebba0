#include "servicekit/base/log_level.hpp"

#include <gtest/gtest.h>

namespace servicekit {
namespace {

TEST(LogLevelTest, NamesReadBackAsTheLevel) {
    for (const LogLevel level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::fatal})
        EXPECT_EQ(log_level_from(to_string(level)), level);
    EXPECT_EQ(to_string(LogLevel::warning), "warning");
}

TEST(LogLevelTest, OtherNamesAreNotLevels) {
    for (const std::string_view name : {"", "INFO", "info ", "loud", "2"})
        EXPECT_EQ(log_level_from(name), std::nullopt);
}

}  // namespace
}  // namespace servicekit
