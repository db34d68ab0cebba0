#include "servicectl/top/list_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicectl/top/help_view.hpp"
#include "unit/servicectl/top/fake_screen.hpp"
#include "unit/servicectl/top/listed_services.hpp"

namespace servicekit::servicectl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf, ::testing::EndsWith, ::testing::HasSubstr, ::testing::Not, ::testing::SizeIs,
    ::testing::StartsWith;
using State = Finding::State;

class ListViewTest : public ::testing::Test {
protected:
    void take(const std::vector<ServiceSample>& samples) { view.table().take(listing_of(samples)); }
    void take_many(int count) {
        std::vector<ServiceSample> samples;
        for (int i = 10; i < 10 + count; ++i) samples.push_back({.name = "web-" + std::to_string(i)});
        take(samples);
    }
    Page page(Size size = {24, 100}) { return view.page(size, fake_width); }
    std::string shown(Size size = {24, 100}) { return text_of(page(size)); }
    void type(const std::string& letters) {
        for (const char typed : letters) view.take(letter(std::string{typed}));
    }

    ListView view{2000ms};
};

TEST_F(ListViewTest, HasAHeaderAndTheColumnsOfList) {
    take({{.name = "web", .memory = 5 << 20, .uptime = 90061, .busy = 61}, {.name = "db", .state = State::hung}});

    EXPECT_EQ(shown({9, 100}),
              "2 services, 1 running, 1 hung, 0 dead; answers of 00:00:00 UTC\n"
              "sorted by name; every 2 s\n"
              "NAME  STATE    PID  USER  UPTIME  VERSION  BUSY          MEMORY   CPU  HEALTH"
              "                       \n"
              "db    hung     100  -     0s      1.0      -             0.0 MiB  -    -"
              "                            \n"
              "web   running  100  -     1d 1h   1.0      backup 1m 1s  5.0 MiB  -    -       \n"
              "\n\n\n"
              "q quit  ? keys  / search  Enter details  sort: n s c m u b  r reverse\n");
}

TEST_F(ListViewTest, HungAndDeadStandOutAndTheSelectionIsReversed) {
    take({{.name = "a"}, {.name = "b", .state = State::hung}, {.name = "c", .state = State::dead}});
    view.take(key(Key::Name::down));
    const Page now = page();

    EXPECT_EQ(style_of(now, "a  "), Style{});
    EXPECT_EQ(style_of(now, "b  "), (Style{Tone::hung, true}));
    EXPECT_EQ(style_of(now, "c  "), Style{Tone::dead});
    EXPECT_EQ(style_of(now, "1 hung"), Style{Tone::hung});
    EXPECT_EQ(style_of(now, "1 dead"), Style{Tone::dead});
}

TEST_F(ListViewTest, LettersSortAndTheHeaderShowsIt) {
    take({{.name = "a", .memory = 1 << 20}, {.name = "b", .memory = 2 << 20}});
    type("m");
    EXPECT_THAT(shown(), HasSubstr("sorted by memory; "));
    // The selected row below it is reversed.
    EXPECT_EQ(style_of(page(), "MEMORY"), (Style{.tone = Tone::strong, .underlined = true}));
    EXPECT_EQ(style_of(page(), "NAME"), (Style{.underlined = true}));
    type("r");
    EXPECT_THAT(shown(), HasSubstr("sorted by memory, reversed"));
    for (const auto& [typed, words] : {std::pair{"n", "name"}, std::pair{"s", "state"}, std::pair{"c", "CPU"},
                                       std::pair{"u", "uptime"}, std::pair{"b", "busy time"}}) {
        type(typed);
        EXPECT_THAT(shown(), HasSubstr("sorted by " + std::string{words} + ";"));
    }
}

TEST_F(ListViewTest, ASearchFiltersAsOneTypes) {
    take({{.name = "web-1"}, {.name = "web-2"}, {.name = "quit"}});
    type("/");
    EXPECT_THAT(shown(), HasSubstr("search: "));
    type("q");
    EXPECT_THAT(shown(), AllOf(HasSubstr("search: q"), HasSubstr("quit  "), Not(HasSubstr("web-1"))));
    view.take(key(Key::Name::backspace));
    type("b-2");
    EXPECT_THAT(shown(), AllOf(HasSubstr("only names with 'b-2'"), HasSubstr("web-2"), Not(HasSubstr("web-1"))));
    EXPECT_EQ(view.take(key(Key::Name::enter)), Wish::nothing);
    EXPECT_THAT(shown(), AllOf(HasSubstr("only names with 'b-2'"), Not(HasSubstr("search: "))));
    EXPECT_EQ(view.take(key(Key::Name::enter)), Wish::open_details);
    view.take(key(Key::Name::escape));
    EXPECT_THAT(shown(), AllOf(HasSubstr("web-1"), HasSubstr("quit")));
    type("/zzz");
    EXPECT_THAT(shown(), HasSubstr("no name has this text"));
    view.take(key(Key::Name::escape));
    EXPECT_THAT(shown(), AllOf(HasSubstr("web-1"), Not(HasSubstr("search: "))));
}

TEST_F(ListViewTest, BackspaceRemovesAWholeCharacter) {
    take({{.name = "a"}});
    type("/");
    view.take(letter("é"));
    view.take(letter("日"));
    view.take(key(Key::Name::backspace));
    EXPECT_EQ(view.table().filter(), "é");
    view.take(key(Key::Name::backspace));
    EXPECT_EQ(view.table().filter(), "");
    view.take(key(Key::Name::backspace));
    EXPECT_EQ(view.take(letter("q")), Wish::quit);
}

TEST_F(ListViewTest, KeysAskForOtherViews) {
    take({{.name = "a"}});
    EXPECT_EQ(view.take(letter("q")), Wish::quit);
    EXPECT_EQ(view.take(letter("?")), Wish::open_help);
    EXPECT_EQ(view.take(letter("h")), Wish::open_help);
    EXPECT_EQ(view.take(letter(" ")), Wish::refresh);
    EXPECT_EQ(view.take(key(Key::Name::enter)), Wish::open_details);
    EXPECT_EQ(view.take(letter("é")), Wish::nothing);
    take({});
    EXPECT_EQ(view.take(key(Key::Name::enter)), Wish::nothing);
}

TEST_F(ListViewTest, TheSelectedServiceIsOnTheScreen) {
    take_many(50);
    const Size size{14, 60};  // ten rows of services
    EXPECT_THAT(shown(size), AllOf(HasSubstr("web-10"), HasSubstr("web-19"), Not(HasSubstr("web-20"))));
    view.take(key(Key::Name::page_down));
    EXPECT_THAT(shown(size), AllOf(HasSubstr("web-20"), Not(HasSubstr("web-10"))));
    view.take(key(Key::Name::end));
    EXPECT_THAT(shown(size), AllOf(HasSubstr("web-59"), HasSubstr("web-50"), Not(HasSubstr("web-49"))));
    type("k");
    EXPECT_EQ(style_of(page(size), "web-58"), (Style{Tone::plain, true}));
    view.take(key(Key::Name::page_up));
    EXPECT_THAT(shown(size), HasSubstr("web-48"));
    view.take(key(Key::Name::home));
    EXPECT_THAT(shown(size), HasSubstr("web-10"));
    type("j");
    EXPECT_EQ(style_of(page(size), "web-11"), (Style{Tone::plain, true}));
}

TEST_F(ListViewTest, FitsEachSize) {
    take_many(30);
    type("/web");
    for (std::size_t rows = 0; rows < 30; ++rows)
        for (std::size_t columns = 0; columns < 60; columns += 3) {
            const Page now = page({rows, columns});
            EXPECT_LE(now.size(), rows);
            for (const Line& line : now) EXPECT_LE(columns_of(text_of(line), fake_width), columns);
        }
}

TEST_F(ListViewTest, ASmallScreenHasTheServicesAndTheSearch) {
    take_many(5);
    EXPECT_EQ(shown({5, 20}),
              "5 services, 5 runnin\n"
              "NAME    STATE    PID\n"
              "web-10  running  100\n"
              "web-11  running  100\n"
              "web-12  running  100\n");
    type("/14");
    EXPECT_THAT(shown({5, 20}), AllOf(StartsWith("search: 14"), HasSubstr("web-14")));
}

TEST_F(ListViewTest, ColumnsScrollSideways) {
    take({{.name = "web"}});
    view.take(key(Key::Name::right));
    EXPECT_THAT(shown({5, 20}), AllOf(HasSubstr("TE    PID  USER"), HasSubstr("nning  100")));
    view.take(key(Key::Name::left));
    EXPECT_THAT(shown({5, 20}), HasSubstr("NAME  STATE"));
}

TEST_F(ListViewTest, TextsOfServicesCannotControlTheTerminalOrFillTheScreen) {
    take({{.name = "web", .version = "\x1b[2J\xff\n" + std::string(5000, '\x01')}});

    EXPECT_THAT(shown(), AllOf(HasSubstr(R"(\x1b[2J\xff\n\x01)"), Not(HasSubstr("\x1b")), HasSubstr("CPU")));
}

TEST_F(ListViewTest, SaysThatItAsksAndThatThereIsNothing) {
    EXPECT_THAT(shown(), StartsWith("asking the services\n"));
    take({});
    EXPECT_THAT(shown(), AllOf(StartsWith("0 services"), HasSubstr("no services run")));
    TimedListing listing = listing_of({{.name = "a"}});
    listing.listing.not_asked = 3;
    view.table().take(std::move(listing));
    EXPECT_THAT(shown(), HasSubstr("3 not asked"));
    view.table().take({.failure = "too few descriptors"});
    EXPECT_THAT(shown(), HasSubstr("too few descriptors"));
}

TEST(HelpViewTest, ScrollsOnASmallScreenAndAnyOtherKeyCloses) {
    HelpView help;
    EXPECT_THAT(text_of(help.page({5, 80}, fake_width)), StartsWith("Keys of the list"));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(help.take(key(Key::Name::down)), Wish::nothing);
    EXPECT_THAT(text_of(help.page({5, 80}, fake_width)), HasSubstr("No key changes a service."));
    EXPECT_EQ(help.take(letter("k")), Wish::nothing);
    EXPECT_THAT(text_of(help.page({5, 80}, fake_width)), Not(HasSubstr("No key changes")));
    EXPECT_EQ(help.take(key(Key::Name::escape)), Wish::go_back);
    EXPECT_THAT(help.page({1, 20}, fake_width), SizeIs(1));
    EXPECT_THAT(help.page({0, 0}, fake_width), SizeIs(0));
}

}  // namespace
}  // namespace servicekit::servicectl::top
