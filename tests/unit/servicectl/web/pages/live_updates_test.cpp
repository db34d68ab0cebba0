#include "servicectl/web/pages/live_updates.hpp"

#include <gmock/gmock.h>

#include "servicekit/base/json.hpp"
#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::ElementsAre, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

/// Returns the object, after a check that it is on one line and that nothing in it ends the event early.
Object update_of(const std::string& json) {
    EXPECT_EQ(json.find_first_of("\r\n"), std::string::npos);
    const auto parsed = parse_json(json);
    if (!std::holds_alternative<Value>(parsed)) {
        ADD_FAILURE() << std::get<JsonError>(parsed).reason;
        return {};
    }
    return std::get<Value>(parsed).as_object();
}

Object fragments_of(const std::string& json) {
    const Object update = update_of(json);
    const auto fragments = update.get<Object>("fragments");
    for (const auto& [id, markup] : fragments) {
        EXPECT_THAT(faults_of(markup.as_string()), IsEmpty());
        EXPECT_THAT(markup.as_string(), HasSubstr("id=\"" + id + "\""));
        EXPECT_THAT(markup.as_string(), Not(HasSubstr("<form")));
    }
    return fragments;
}

std::vector<std::string> keys_of(const Object& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object) keys.push_back(key);
    return keys;
}

TEST(LiveUpdatesTest, TheListHasItsCountsAndRows) {
    ListView view;
    view.services = {running_line()};
    const Object fragments = fragments_of(list_update(view));

    EXPECT_THAT(keys_of(fragments), ElementsAre("counts", "services", "notes"));
    EXPECT_THAT(fragments.get<std::string>("services"), HasSubstr("id=\"row-greeter\""));
}

TEST(LiveUpdatesTest, AServiceHasItsPartsButNotTheLog) {
    const std::string update = service_update(full_view());

    EXPECT_THAT(keys_of(fragments_of(update)), ElementsAre("head", "runs", "checks", "metrics", "status", "crashes"));
    EXPECT_FALSE(update_of(update).get<std::string>("offers").empty());
    EXPECT_THAT(update, Not(HasSubstr("log-lines")));
}

TEST(LiveUpdatesTest, UpdatesDoNotDependOnTheSession) {
    ServiceView acting = full_view();
    ServiceView other = full_view();
    other.frame.form_token = "other";
    other.frame.user = "bob";
    other.frame.now += std::chrono::hours{1};

    EXPECT_EQ(service_update(acting), service_update(other));
}

TEST(LiveUpdatesTest, TheFirstLinesOfALogReplaceThoseOfThePage) {
    const Object update = update_of(log_start({"a", "b"}));

    EXPECT_TRUE(update.get<bool>("replace"));
    EXPECT_EQ(update.get<std::string>("lines"), "<div class=\"line\">a</div><div class=\"line\">b</div>");
}

TEST(LiveUpdatesTest, LaterLinesAreAddedAfterANoteOfAGap) {
    const Object update = update_of(log_update({"c"}, 7));

    EXPECT_FALSE(update.get<bool>("replace"));
    EXPECT_EQ(text_in(update.get<std::string>("lines")), "7 lines are left out herec");
}

TEST(LiveUpdatesTest, TooManyLinesAreAGap) {
    const Object update = update_of(log_update(std::vector<std::string>(600, "x"), 1));

    EXPECT_THAT(text_in(update.get<std::string>("lines")), HasSubstr("101 lines are left out here"));
}

TEST(LiveUpdatesTest, ARunIsUpdatedInTheListAndOnItsPage) {
    EXPECT_THAT(keys_of(fragments_of(run_update("greeter", running_run()))), ElementsAre("run-row-7", "run-7"));
}

TEST(LiveUpdatesTest, HostileTextsStayTexts) {
    ListView list;
    list.services = {hostile_view().line};
    list.failure = hostile;
    for (const std::string& update :
         {list_update(list), service_update(hostile_view()), run_update("x", hostile_view().runs[0])}) {
        EXPECT_THAT(keys_of(fragments_of(update)), Not(IsEmpty()));
        EXPECT_THAT(update, Not(HasSubstr("<script>")));
    }
    const std::string lines =
        update_of(log_update({hostile, "\xE2\x80\xA8\n\n", std::string{"\0", 1}}, 0)).get<std::string>("lines");
    EXPECT_THAT(faults_of(lines), IsEmpty());
    EXPECT_THAT(lines, HasSubstr(disarmed));
}

}  // namespace
}  // namespace servicekit::servicectl::web
