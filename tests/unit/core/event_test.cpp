#include "servicekit/core/event.hpp"

#include <gtest/gtest.h>

#include <string>

#include "servicekit/core/call_error.hpp"

namespace servicekit {
namespace {

TEST(ParameterTypeTest, HasTheNameOfTheProtocol) {
    EXPECT_EQ(to_string(ParameterType::string), "string");
    EXPECT_EQ(to_string(ParameterType::integer), "integer");
    EXPECT_EQ(to_string(ParameterType::number), "number");
    EXPECT_EQ(to_string(ParameterType::boolean), "boolean");
    EXPECT_EQ(to_string(ParameterType::path), "path");
    EXPECT_EQ(to_string(ParameterType::list), "list");
    EXPECT_EQ(to_string(ParameterType::object), "object");
}

TEST(CallErrorTest, HasTheWholeErrorObject) {
    const CallError error{"event-not-found", "there is no event 'x'", {{"event", "x"}}};
    EXPECT_EQ(error.code(), "event-not-found");
    EXPECT_STREQ(error.what(), "there is no event 'x'");
    EXPECT_EQ(error.fields(),
              (Object{{"code", "event-not-found"}, {"message", "there is no event 'x'"}, {"event", "x"}}));
    EXPECT_EQ(error.fields().begin()->first, "code");
    const CallError odd{"", "no", {{"code", 5}}};
    EXPECT_EQ(odd.fields().get<std::string>("code"), odd.code());
}

TEST(ContextTest, ProgressGoesToTheCallerThatRequestedIt) {
    std::string told;
    const Context context{{}, {}, {}, [&told](std::uint64_t done, std::uint64_t total, std::string_view text) {
                              told = std::to_string(done) + "/" + std::to_string(total) + " " + std::string{text};
                          }};
    context.progress(3, 10, "copying");
    EXPECT_EQ(told, "3/10 copying");
    EXPECT_NO_THROW(Context{}.progress(1, 2));
}

}  // namespace
}  // namespace servicekit
