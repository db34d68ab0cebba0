#include "cli/listed_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

Object status() {
    return std::get<Value>(parse_json(R"({
        "runs": [{"id": 7, "event": "upload", "seconds": 61}, {"id": 9, "event": "scan", "seconds": 0}],
        "queue": [{"id": 12, "event": "scan", "seconds": 5}]})"))
        .as_object();
}

TEST(ListedEventTest, IsFoundByItsNameOrId) {
    EXPECT_EQ(find_listed(status(), "upload")->id, 7);
    EXPECT_EQ(find_listed(status(), "12")->id, 12);
    EXPECT_EQ(find_listed(status(), "12")->event, "scan");
}

TEST(ListedEventTest, IsLeftToTheServiceIfTheStatusDoesNotListTheId) {
    EXPECT_EQ(find_listed(status(), "99")->id, 99);
    EXPECT_EQ(find_listed({}, "99")->event, "event 99");
}

TEST(ListedEventTest, IsRefusedByAnAmbiguousName) {
    const auto found = find_listed(status(), "scan");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().exit_code, ExitCode::usage);
    EXPECT_EQ(found.error().message(),
              "cannot follow the event 'scan': there are several; give an id: "
              "9 (runs for 0s), 12 (waits for 5s)");
}

TEST(ListedEventTest, IsRefusedByAnUnknownName) {
    EXPECT_THAT(find_listed(status(), "uplod").error().message(),
                HasSubstr("it neither waits nor runs; did you mean 'upload'?"));
    EXPECT_THAT(find_listed({}, "upload").error().message(), ::testing::EndsWith("it neither waits nor runs"));
}

}  // namespace
}  // namespace servicekit::cli
