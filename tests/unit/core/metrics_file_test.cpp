#include <cerrno>
#include <csignal>

#include "servicekit/mocks/fake_standby_lock.hpp"
#include "unit/core/long_job_fixture.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class MetricsFileTest : public testing::LongJobTest {
protected:
    static constexpr const char* path = "/srv/node/trial.prom";

    MetricsFileTest() {
        os.files.add_directory("/srv/node", 0755);
        os.files.add_file("/etc/trial.json", R"({"metrics-file": "/srv/node/trial.prom", "metrics-interval": 10})");
        options.config = "/etc/trial.json";
    }
    void await(const std::string& text) {
        EXPECT_TRUE(os.wait_until([&] {
            return os.files.exists(path) && os.files.content(path).find(text) != std::string::npos;
        })) << text;
    }
};

TEST_F(MetricsFileTest, IsReplacedAtAnIntervalAndRemovedAtTheStop) {
    start();
    const Counter lines = service().metrics().counter("lines", "lines taken in");
    await("servicekit_events_waiting{service=\"trial\"} 0\n");
    lines.add(3);
    os.advance(9s);
    os.settle();
    EXPECT_THAT(os.files.content(path), HasSubstr("\nservicekit_events_waiting"));
    EXPECT_THAT(os.files.content(path), Not(HasSubstr("lines_total{service=\"trial\"} 3\n")));
    os.advance(2s);
    os.settle();
    EXPECT_THAT(os.files.content(path), HasSubstr("lines_total{service=\"trial\"} 3\n"));
    EXPECT_THAT(os.files.content(path), HasSubstr("process_max_fds{service=\"trial\"} "));
    EXPECT_EQ(life.stop(), 0);
    EXPECT_FALSE(os.files.exists(path));
    EXPECT_THAT(*os.files.list("/srv/node"), ::testing::IsEmpty());
}

TEST_F(MetricsFileTest, IsWrittenInStandbyWhateverReadyMeans) {
    for (const char* const ready_when : {"standby", "active"}) {
        mocks::FakeContest contest;
        contest.hold();
        EventHooks hooks;
        hooks.on_load = [ready_when](Settings& settings) { settings.set(setting::ready_when, ready_when); };
        mocks::FakeLife standby{os, [&] { return mocks::fake_standby_service(os, contest, options, hooks); }};
        standby.begin_to_start();
        await("servicekit_active{service=\"trial\"} 0\n");
        contest.let_win();
        await("servicekit_active{service=\"trial\"} 1\n");
        EXPECT_EQ(standby.stop(), 0);
        EXPECT_FALSE(os.files.exists(path));
    }
}

TEST_F(MetricsFileTest, IsRemovedByAForcedExit) {
    add("hang", [](Context& context) {
        context.wait_for(1h);
        return Reply{};
    });
    start();
    await("servicekit_build_info");
    auto client = begin(R"(["hang"])");
    life.raise(SIGINT);
    life.wait();
    EXPECT_FALSE(os.files.exists(path));

    hooks.on_stop = [this] { os.reactor.advance(9s); };
    start();
    await("servicekit_build_info");
    EXPECT_NE(life.stop(), 0);
    EXPECT_FALSE(os.files.exists(path));
    EXPECT_THAT(*os.files.list("/srv/node"), ::testing::IsEmpty());
}

TEST_F(MetricsFileTest, AKilledServiceThatCannotRemoveItEndsAnyway) {
    start();
    await("servicekit_build_info");
    os.files.failures.fail_always("remove", EROFS);
    life.raise(SIGINT);
    life.wait();
    EXPECT_EQ(life.result()->status, 0);
    EXPECT_TRUE(os.files.exists(path));
}

TEST_F(MetricsFileTest, AFailureIsLoggedOnce) {
    os.faults.fail_always("files.rename", ENOSPC);
    start();
    os.advance(60s);
    os.settle();
    EXPECT_FALSE(os.files.exists(path));
    EXPECT_THAT(*os.files.list("/srv/node"), ::testing::IsEmpty());
    os.faults.succeed_again("files.rename");
    await("servicekit_build_info");
    os.advance(20s);
    os.settle();
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(log(), HasSubstr("cannot keep the metrics file up to date: cannot rename"));
    EXPECT_THAT(log(), HasSubstr("the metrics file is up to date again\n"));
    EXPECT_THAT(log().substr(log().find("cannot keep") + 1), Not(HasSubstr("cannot keep")));
}

TEST_F(MetricsFileTest, AnIntervalBelowASecondIsRefused) {
    os.files.take_away("/etc/trial.json");
    os.files.add_file("/etc/trial.json", R"({"metrics-interval": 0.5})");
    EXPECT_FALSE(life.start());
    EXPECT_EQ(life.start_result()->status, 78);
    EXPECT_THAT(os.streams.written(os::Stream::error), HasSubstr("expected a number of seconds from 1 to 1000000000"));
}

}  // namespace
}  // namespace servicekit
