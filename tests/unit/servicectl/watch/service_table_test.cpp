#include "servicectl/watch/service_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/servicectl/top/listed_services.hpp"

namespace servicekit::servicectl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre, ::testing::IsEmpty;
using State = Finding::State;

class ServiceTableTest : public ::testing::Test {
protected:
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const ServiceRow* row : table.shown()) found.push_back(row->service.place.name());
        return found;
    }
    [[nodiscard]] std::string selected() const {
        return table.selected() == nullptr ? "" : table.selected()->service.place.name();
    }

    ServiceTable table;
};

TEST_F(ServiceTableTest, SortsByEachKey) {
    table.take(listing_of({{.name = "b", .memory = 1, .uptime = 9, .busy = 5},
                           {.name = "a", .state = State::dead, .memory = 3, .uptime = 1},
                           {.name = "c", .state = State::hung, .memory = 2, .uptime = 5, .busy = 9}}));

    EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
    table.sort_by(SortKey::state);
    EXPECT_THAT(names(), ElementsAre("c", "a", "b"));
    table.sort_by(SortKey::memory);
    EXPECT_THAT(names(), ElementsAre("a", "c", "b"));
    table.sort_by(SortKey::uptime);
    EXPECT_THAT(names(), ElementsAre("b", "c", "a"));
    table.sort_by(SortKey::busy);
    EXPECT_THAT(names(), ElementsAre("c", "b", "a"));
    table.reverse();
    EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
    table.sort_by(SortKey::name);
    EXPECT_FALSE(table.is_reversed());
}

TEST_F(ServiceTableTest, CpuIsThePercentageSinceTheLastListing) {
    table.take(listing_of({{.name = "a", .cpu = 60s}, {.name = "b", .cpu = 1s}}));
    EXPECT_EQ(table.shown()[0]->cpu, std::nullopt);

    table.take(listing_of({{.name = "a", .cpu = 60s}, {.name = "b", .cpu = 2s}}, 4));

    table.sort_by(SortKey::cpu);
    EXPECT_THAT(names(), ElementsAre("b", "a"));
    EXPECT_EQ(table.shown()[0]->cpu, 25.0);
    EXPECT_EQ(table.shown()[1]->cpu, 0.0);
    EXPECT_EQ(table.shown()[0]->cells(false).at(8), "25.0%");
}

TEST_F(ServiceTableTest, AnotherProcessBeginsWithoutAPercentage) {
    table.take(listing_of({{.name = "a", .cpu = 60s, .pid = 100}}));
    table.take(listing_of({{.name = "a", .cpu = 61s, .pid = 200}}, 2));

    EXPECT_EQ(table.shown()[0]->cpu, std::nullopt);
}

TEST_F(ServiceTableTest, TheSelectionStaysOnItsServiceWhenTheOrderChanges) {
    table.take(listing_of({{.name = "a", .memory = 1}, {.name = "b", .memory = 2}, {.name = "c", .memory = 3}}));
    table.move(2);
    ASSERT_EQ(selected(), "c");

    table.sort_by(SortKey::memory);
    EXPECT_EQ(selected(), "c");
    EXPECT_EQ(table.selected_index(), 0U);
    table.take(listing_of({{.name = "a", .memory = 9}, {.name = "b", .memory = 2}, {.name = "c", .memory = 3}}, 2));
    EXPECT_EQ(selected(), "c");
    EXPECT_EQ(table.selected_index(), 1U);
}

TEST_F(ServiceTableTest, TheNextServiceIsSelectedWhenTheSelectedOneIsGone) {
    table.take(listing_of({{.name = "a"}, {.name = "b"}, {.name = "c"}}));
    table.move(1);
    table.take(listing_of({{.name = "a"}, {.name = "c"}}, 2));
    EXPECT_EQ(selected(), "c");
    table.take(listing_of({{.name = "a"}}, 4));
    EXPECT_EQ(selected(), "a");
    table.take(listing_of({}, 6));
    EXPECT_EQ(table.selected(), nullptr);
    table.move(5);
    EXPECT_EQ(table.selected(), nullptr);
}

TEST_F(ServiceTableTest, MovesAsFarAsThereAreRows) {
    table.take(listing_of({{.name = "a"}, {.name = "b"}}));
    table.move(-3);
    EXPECT_EQ(selected(), "a");
    table.move(99);
    EXPECT_EQ(selected(), "b");
}

TEST_F(ServiceTableTest, TheFilterIsAPartOfTheName) {
    table.take(listing_of({{.name = "web-1"}, {.name = "db"}, {.name = "My-Web"}}));
    table.set_filter("WEB");
    EXPECT_THAT(names(), ElementsAre("My-Web", "web-1"));
    table.set_filter("*");
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_EQ(table.counts().all, 3U);
    table.set_filter("");
    EXPECT_EQ(names().size(), 3U);
}

TEST_F(ServiceTableTest, ServicesOfOneNameAreDifferentServices) {
    TimedListing listing = listing_of({{.name = "web"}, {.name = "web"}});
    listing.listing.services[0].place.paths.control_socket = "/srv/web.control";
    table.take(std::move(listing));
    const std::string first = table.selected()->identity();
    table.move(1);

    EXPECT_NE(table.selected()->identity(), first);
    EXPECT_NE(table.find(first), nullptr);
    EXPECT_EQ(table.find("other"), nullptr);
}

TEST_F(ServiceTableTest, CountsByState) {
    table.take(listing_of({{.name = "a"},
                           {.name = "b", .state = State::hung},
                           {.name = "c", .state = State::dead},
                           {.name = "d", .state = State::no_access},
                           {.name = "e", .state = State::stopped}}));
    const ServiceCounts counts = table.counts();

    EXPECT_EQ(counts.all, 5U);
    EXPECT_EQ(counts.running, 2U);
    EXPECT_EQ(counts.hung, 1U);
    EXPECT_EQ(counts.dead, 1U);
}

TEST_F(ServiceTableTest, AFailedListingKeepsTheLastOne) {
    table.take(listing_of({{.name = "a"}}));
    table.take({.failure = "too few descriptors"});

    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(table.failure(), "too few descriptors");
}

}  // namespace
}  // namespace servicekit::servicectl::top
