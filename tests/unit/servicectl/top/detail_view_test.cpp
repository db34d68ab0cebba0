#include "servicectl/top/detail_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicectl/watch/listing_watch.hpp"
#include "servicekit/base/json.hpp"
#include "unit/servicectl/top/fake_screen.hpp"
#include "unit/servicectl/top/listed_services.hpp"

namespace servicekit::servicectl::top {
namespace {

using ::testing::AllOf, ::testing::ElementsAre, ::testing::HasSubstr, ::testing::Not, ::testing::SizeIs,
    ::testing::StartsWith;
using State = Finding::State;

constexpr const char* events = R"({"events":[{"name":"greet","description":"greets somebody","parameters":)"
                               R"([{"name":"name","type":"string","required":true,"description":"whom to greet"}]}]})";

Object parsed(const std::string& text) { return std::get<Value>(parse_json(text)).as_object(); }

class DetailViewTest : public ::testing::Test {
protected:
    std::string shown(Size size = {40, 100}) { return text_of(view.page(size, fake_width)); }
    void log(int first, int count) {
        DetailUpdate update;
        for (int i = first; i < first + count; ++i) update.log_lines.push_back("line " + std::to_string(i) + ".");
        view.take(std::move(update));
    }

    DetailView view{ServiceRow{listed({.name = "web", .busy = 61})}, "/var/log/web.log"};
};

TEST_F(DetailViewTest, ShowsStatusWorkEventsAndLog) {
    view.take(DetailUpdate{.events = parsed(events), .log_lines = {"ready"}});

    EXPECT_THAT(shown(), AllOf(StartsWith("web  running, busy with 'backup' for 1m 1s\n"), HasSubstr("name   web 1.0"),
                               HasSubstr("log-file  /var/log/web.log"), HasSubstr("greet name=STRING\n"),
                               HasSubstr("greets somebody"), HasSubstr("name  whom to greet"), HasSubstr("ready\n")));
}

TEST_F(DetailViewTest, SaysWhyThereAreNoEventsAndNoLog) {
    EXPECT_THAT(shown(), AllOf(HasSubstr("asking"), HasSubstr("reading")));
    view.take(DetailUpdate{.events_reason = "it does not answer", .log_reason = "there is no record"});
    EXPECT_THAT(shown(), AllOf(HasSubstr("it does not answer"), HasSubstr("there is no record")));
}

TEST_F(DetailViewTest, FollowsItsServiceInTheListing) {
    const ServiceRow hung{listed({.name = "web", .state = State::hung})};
    view.take(&hung);
    EXPECT_THAT(shown(), AllOf(StartsWith("web  hung"), HasSubstr("state     hung")));
    EXPECT_EQ(style_of(view.page({40, 100}, fake_width), "hung"), Style{Tone::hung});
    view.take(static_cast<const ServiceRow*>(nullptr));
    EXPECT_THAT(shown(), StartsWith("web  is gone"));
}

TEST_F(DetailViewTest, TheLogShowsItsEndUntilItIsScrolled) {
    log(0, 100);
    EXPECT_THAT(shown(), AllOf(HasSubstr("line 99."), Not(HasSubstr("line 80."))));
    view.take(key(Key::Name::tab));
    view.take(key(Key::Name::page_up));
    EXPECT_THAT(shown(), AllOf(HasSubstr("line 80."), Not(HasSubstr("line 99.")), HasSubstr("log, 73-86 of 100")));
    log(100, 5);
    EXPECT_THAT(shown(), HasSubstr("line 80."));
    view.take(key(Key::Name::home));
    EXPECT_THAT(shown(), HasSubstr("line 0."));
    view.take(key(Key::Name::end));
    EXPECT_THAT(shown(), HasSubstr("line 104."));
    log(105, 1);
    EXPECT_THAT(shown(), HasSubstr("line 105."));
}

TEST_F(DetailViewTest, KeepsTheLastThousandLines) {
    log(0, 3000);
    view.take(key(Key::Name::tab));
    view.take(key(Key::Name::home));
    EXPECT_THAT(shown(), AllOf(HasSubstr("line 2000."), Not(HasSubstr("line 1999."))));
}

TEST_F(DetailViewTest, LaterUpdatesJoinEarlierOnes) {
    DetailUpdate update{.events = parsed(events), .log_lines = {"one"}};
    update.add({.log_lines = {"two"}, .log_reason = "gone"});

    EXPECT_TRUE(update.events);
    EXPECT_THAT(update.log_lines, ElementsAre("one", "two"));
    EXPECT_EQ(update.log_reason, "gone");
    update.add({.log_lines = std::vector<std::string>(5000, "x")});
    EXPECT_THAT(update.log_lines, SizeIs(1000));
}

TEST_F(DetailViewTest, EachPaneHasTheWholeSmallScreen) {
    view.take(DetailUpdate{.events = parsed(events), .log_lines = {"ready"}});
    EXPECT_EQ(shown({5, 20}),
              "web  running, busy w\n"
              "name   web 1.0\n"
              "state  running\n"
              "\n"
              "Esc back  Tab other \n");
    view.take(key(Key::Name::tab));
    EXPECT_THAT(shown({5, 20}), HasSubstr("ready\n"));
}

TEST_F(DetailViewTest, FitsEachSize) {
    view.take(DetailUpdate{.events = parsed(events)});
    log(0, 100);
    for (std::size_t rows = 0; rows < 40; ++rows)
        for (std::size_t columns = 0; columns < 60; columns += 7)
            for (const Key::Name name : {Key::Name::tab, Key::Name::page_up}) {
                view.take(key(name));
                const Page page = view.page({rows, columns}, fake_width);
                EXPECT_LE(page.size(), rows);
                for (const Line& line : page) EXPECT_LE(columns_of(text_of(line), fake_width), columns);
            }
}

TEST_F(DetailViewTest, ScrollsSideways) {
    view.take(DetailUpdate{.log_lines = {"0123456789 the end"}});
    view.take(key(Key::Name::tab));
    view.take(key(Key::Name::right));
    EXPECT_THAT(shown(), AllOf(StartsWith("web  running"), HasSubstr("\n89 the end\n"), HasSubstr("name   web 1.0\n")));
    view.take(key(Key::Name::left));
    EXPECT_THAT(shown(), HasSubstr("\n0123456789 the end\n"));
}

TEST_F(DetailViewTest, OnlyThePaneThatTabChoseScrollsSidewaysAndItsTitlesStay) {
    view.take(DetailUpdate{.log_lines = {"0123456789 the end"}});
    view.take(key(Key::Name::right));
    EXPECT_THAT(shown(), AllOf(HasSubstr("\n0123456789 the end\n"), HasSubstr("\neb 1.0\n"),
                               HasSubstr("\nprocess and files\n"), HasSubstr("\nevents\n")));
}

TEST_F(DetailViewTest, ABarSaysThatItsPaneHasMoreLines) {
    EXPECT_THAT(shown(), AllOf(HasSubstr("\nstatus and events "), HasSubstr("\nlog ")));
    log(0, 100);
    EXPECT_THAT(shown({20, 100}),
                AllOf(HasSubstr("\nstatus and events, 1-10 of "), HasSubstr("\nlog, 95-100 of 100 ")));
    view.take(key(Key::Name::down));
    EXPECT_THAT(shown({20, 100}), HasSubstr("\nstatus and events, 2-11 of "));
}

TEST_F(DetailViewTest, KeysLeaveIt) {
    EXPECT_EQ(view.take(letter("q")), Wish::go_back);
    EXPECT_EQ(view.take(key(Key::Name::escape)), Wish::go_back);
    EXPECT_EQ(view.take(letter("?")), Wish::open_help);
    EXPECT_EQ(view.take(letter(" ")), Wish::refresh);
    EXPECT_EQ(view.take(letter("x")), Wish::nothing);
}

TEST_F(DetailViewTest, TextsOfTheServiceCannotControlTheTerminal) {
    ServiceRow row{listed({.name = "web"})};
    row.service.finding.status = {{"state", "run\x1b[2Jning"}, {"\x1b[31mkey", "va\nlue"}};
    view.take(&row);
    view.take(DetailUpdate{.events = parsed(R"({"events":[{"name":"a\u001b[2Jb","description":"x\ny"}]})"),
                           .log_lines = {"\x1b]0;title\x07\xff"}});

    EXPECT_THAT(shown(), AllOf(StartsWith(R"(web  run\x1b[2Jning)"), HasSubstr(R"(\x1b[31mkey)"),
                               HasSubstr(R"(va\nlue)"), HasSubstr(R"(a\x1b[2Jb)"), HasSubstr(R"(x\ny)"),
                               HasSubstr(R"(\x1b]0;title\x07\xff)"), Not(HasSubstr("\x1b"))));
}

TEST_F(DetailViewTest, LongTextsOfAReplyAreCut) {
    const Object reply = with_short_texts({{std::string(9000, 'k'), std::string(9000, 'v')},
                                           {"list", Value::List{Value{Object{{"x", std::string(9000, 'y')}}}}},
                                           {"number", 7}});

    EXPECT_EQ(reply.get<std::string>(std::string(400, 'k')).size(), 400U);
    EXPECT_EQ(reply.find("list")->as_list().front().as_object().get<std::string>("x").size(), 400U);
    EXPECT_EQ(reply.get<int>("number"), 7);
}

}  // namespace
}  // namespace servicekit::servicectl::top
