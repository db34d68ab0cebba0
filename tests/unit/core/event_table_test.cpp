#include "servicekit/core/event_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

namespace servicekit {
namespace {

Handler answering(int number) {
    return [number](const Arguments&, Context&) { return Reply{{"number", number}}; };
}

Reply run(const EventTable& table, std::string_view name) {
    Context context;
    return table.find(name)->handler({}, context);
}

std::vector<std::string> names(const EventTable& table) {
    std::vector<std::string> names;
    for (const auto& event : table.all()) names.push_back(event->name);
    return names;
}

std::string refusal(EventDeclaration event) {
    try {
        EventTable{}.add(std::move(event));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

const std::vector<std::string> built_in{"status",  "stop",     "kill",      "load",       "reload",
                                        "events",  "settings", "log-level", "log-reopen", "log-flush",
                                        "crashes", "metrics",  "cancel",    "follow",     "start"};

TEST(EventTableTest, HasTheBuiltInEvents) {
    const EventTable table;
    EXPECT_EQ(names(table), built_in);
    for (const auto& event : table.all()) {
        EXPECT_FALSE(event->description.empty()) << event->name;
        EXPECT_FALSE(event->handler) << event->name;
    }
}

TEST(EventTableTest, LogLevelAcceptsALevelOrNothing) {
    const auto event = EventTable{}.find("log-level");
    EXPECT_EQ(check_arguments(*event, {{"level", "debug"}}).get<std::string>("level"), "debug");
    EXPECT_FALSE(check_arguments(*event, {}).has("level"));
}

TEST(EventTableTest, ClientsCannotTriggerStart) {
    EXPECT_FALSE(is_client_event("start"));
    EXPECT_TRUE(is_client_event("stop"));
    EXPECT_TRUE(is_client_event("backup"));
}

TEST(EventTableTest, CustomEventsFollowInOrder) {
    EventTable table;
    table.add({.name = "z", .handler = answering(1)});
    table.add({.name = "a", .handler = answering(2)});
    auto expected = built_in;
    expected.insert(expected.end(), {"z", "a"});
    EXPECT_EQ(names(table), expected);
    EXPECT_EQ(run(table, "a").fields(), (Object{{"number", 2}}));
    EXPECT_EQ(table.find("b"), nullptr);
}

TEST(EventTableTest, RefusesADuplicateName) {
    EventTable table;
    table.add({.name = "backup", .handler = answering(1)});
    EXPECT_THROW(table.add({.name = "backup", .handler = answering(2)}), std::invalid_argument);
    EXPECT_THROW(table.add({.name = "stop", .handler = answering(2)}), std::invalid_argument);
    EXPECT_EQ(run(table, "backup").fields(), (Object{{"number", 1}}));
}

TEST(EventTableTest, RefusesAnInvalidDeclaration) {
    EXPECT_EQ(refusal({.name = "back up", .handler = answering(1)}),
              "cannot declare the event 'back up': expected a name of letters, digits, '.', '_' and '-', at most 64, "
              "not starting with a dot");
    EXPECT_EQ(refusal({.name = "backup"}), "cannot declare the event 'backup': it has no handler");
    EXPECT_EQ(
        refusal(
            {.name = "backup", .parameters = {{.name = "a"}, {.name = "b"}, {.name = "a"}}, .handler = answering(1)}),
        "cannot declare the event 'backup': parameter 'a' is declared twice");
    EXPECT_EQ(
        refusal({.name = "backup", .parameters = {{.name = "a=b"}}, .handler = answering(1)}),
        "cannot declare the event 'backup': parameter 'a=b' must have a name of letters, digits, '.', '_' and '-', "
        "at most 64, not starting with a dot");
}

TEST(EventTableTest, RefusesAnInvalidDefault) {
    const auto with = [](Parameter parameter) {
        return refusal({.name = "backup", .parameters = {std::move(parameter)}, .handler = answering(1)});
    };
    EXPECT_EQ(with({.name = "a", .type = ParameterType::integer, .default_value = "7"}),
              "cannot declare the event 'backup': the default of parameter 'a' must be an integer");
    EXPECT_EQ(with({.name = "a", .type = ParameterType::integer, .default_value = 7, .maximum = 5}),
              "cannot declare the event 'backup': the default of parameter 'a' must be an integer of at most 5");
    EXPECT_EQ(with({.name = "a", .type = ParameterType::integer, .default_value = nullptr}), "no error");
    EXPECT_EQ(with({.name = "a", .type = ParameterType::number, .default_value = 7}), "no error");
}

TEST(EventTableTest, AReplacedBuiltInKeepsMembersThatTheNewOneLacks) {
    EventTable table;
    table.replace({.name = "log-level", .handler = answering(1)});
    const auto event = table.find("log-level");
    EXPECT_FALSE(event->description.empty());
    ASSERT_EQ(event->parameters.size(), 2U);
    EXPECT_EQ(event->parameters[0].name, "level");
    EXPECT_EQ(run(table, "log-level").fields(), (Object{{"number", 1}}));
    EXPECT_EQ(names(table), built_in);
}

TEST(EventTableTest, AReplacedBuiltInTakesMembersOfTheNewOne) {
    EventTable table;
    table.replace({.name = "stop", .description = "ends it", .parameters = {{.name = "why"}}, .handler = answering(1)});
    EXPECT_EQ(table.find("stop")->description, "ends it");
    EXPECT_EQ(table.find("stop")->parameters.size(), 1U);
}

TEST(EventTableTest, ReplaceAddsAMissingEvent) {
    EventTable table;
    table.replace({.name = "backup", .handler = answering(1)});
    EXPECT_EQ(run(table, "backup").fields(), (Object{{"number", 1}}));
    table.replace({.name = "backup", .description = "again", .handler = answering(2)});
    EXPECT_EQ(run(table, "backup").fields(), (Object{{"number", 2}}));
    EXPECT_EQ(table.all().size(), built_in.size() + 1);
    EXPECT_THROW(table.replace({.name = "backup"}), std::invalid_argument);
}

TEST(EventTableTest, OnlyTheHandlerCanBeReplaced) {
    EventTable table;
    table.add({.name = "backup", .description = "copies", .handler = answering(1)});
    table.replace("backup", answering(2));
    EXPECT_EQ(table.find("backup")->description, "copies");
    EXPECT_EQ(run(table, "backup").fields(), (Object{{"number", 2}}));
    EXPECT_THROW(table.replace("restore", answering(3)), std::out_of_range);
    EXPECT_THROW(table.replace("backup", Handler{}), std::invalid_argument);
}

TEST(EventTableTest, ARemovedBuiltInGetsItsDefaultBack) {
    EventTable table;
    table.replace({.name = "stop", .description = "ends it", .handler = answering(1)});
    EXPECT_TRUE(table.remove("stop"));
    EXPECT_FALSE(table.find("stop")->handler);
    EXPECT_EQ(table.find("stop")->description, EventTable{}.find("stop")->description);
}

TEST(EventTableTest, ARemovedCustomEventIsGone) {
    EventTable table;
    table.add({.name = "backup", .handler = answering(1)});
    EXPECT_TRUE(table.remove("backup"));
    EXPECT_EQ(table.find("backup"), nullptr);
    EXPECT_EQ(names(table), built_in);
    EXPECT_FALSE(table.remove("backup"));
}

TEST(EventTableTest, ARunKeepsItsHandler) {
    EventTable table;
    table.add({.name = "backup", .handler = answering(1)});
    const auto running = table.find("backup");
    table.remove("backup");
    Context context;
    EXPECT_EQ(running->handler({}, context).fields(), (Object{{"number", 1}}));
}

TEST(EventTableTest, TheDestructorOfAHandlerMayUseTheTable) {
    EventTable table;
    bool found = false;
    const auto look = [&](const int* number) {
        delete number;
        found = table.find("stop") != nullptr;
    };
    std::shared_ptr<int> owned{new int{7}, look};
    table.add({.name = "backup", .handler = [copy = owned](const Arguments&, Context&) { return Reply{}; }});
    owned.reset();
    ASSERT_FALSE(found);
    table.remove("backup");
    EXPECT_TRUE(found);
}

TEST(EventTableTest, KnowsTheNearestName) {
    EventTable table;
    table.add({.name = "backup", .handler = answering(1)});
    EXPECT_EQ(table.nearest("bakup"), "backup");
    EXPECT_EQ(table.nearest("stauts"), "status");
    EXPECT_EQ(table.nearest("startt"), "");
    EXPECT_EQ(table.nearest("compress"), "");
}

TEST(EventTableTest, IsThreadSafe) {
    EventTable table;
    std::atomic<bool> done = false;
    std::thread writer{[&] {
        for (int i = 0; i < 1000; ++i) {
            table.replace({.name = "backup", .handler = answering(i)});
            table.remove("backup");
        }
        done = true;
    }};
    while (!done) {
        for (const auto& event : table.all()) EXPECT_FALSE(event->name.empty());
        EXPECT_NE(table.find("stop"), nullptr);
        static_cast<void>(table.nearest("bakup"));
    }
    writer.join();
    EXPECT_EQ(names(table), built_in);
}

}  // namespace
}  // namespace servicekit
