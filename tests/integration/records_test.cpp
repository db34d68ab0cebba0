// Verbs that talk to a running service neither construct a service nor run its load event.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class RecordsTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        write_file(config, to_json(Object{{"app", Object{{"place", place}}}}));
        write_file(file, precious);
    }
    void TearDown() override {
        static_cast<void>(verb({"kill"}));
        ServiceTest::TearDown();
    }

    [[nodiscard]] Outcome verb(Strings words) const {
        const bool is_word = words.front() == "--help" || words.front() == "--version" || words.front() == "complete";
        words.insert(words.begin(), "truncating-service");
        if (!is_word) words.insert(words.end(), {"--config", config});
        return run_command({.arguments = words, .variables = {{"FILE_TO_TRUNCATE", file}}});
    }
    /// Starts a service in the background. \returns its pid
    pid_t start(const Strings& options = {}) {
        Strings words{"start"};
        words.insert(words.end(), options.begin(), options.end());
        const Outcome started = verb(words);
        EXPECT_EQ(started.exit_code, 0) << started;
        EXPECT_EQ(read_file(file), "made\n");
        write_file(file, precious);
        const std::string pid = read_file(place + "/main/truncating-service.pid");
        return pid.empty() ? 0 : static_cast<pid_t>(std::stoi(pid));
    }
    [[nodiscard]] std::size_t records() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator{records_directory()})
            if (entry.path().extension() == ".json") ++count;
        return count;
    }
    void expect_untouched() const { EXPECT_EQ(read_file(file), precious); }

    static constexpr const char* precious = "what nobody may lose\n";
    std::string config = directory.file("config.json");
    std::string file = directory.file("data");
    std::string place = directory.file("place");
};

TEST_F(RecordsTest, VerbsFindTheServiceWithoutConstructingIt) {
    const pid_t pid = start();

    EXPECT_THAT(verb({"status"}).out, HasSubstr(std::to_string(pid)));
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
    EXPECT_EQ(verb({"health"}).exit_code, 0);
    EXPECT_EQ(verb({"reload"}).exit_code, 0);
    EXPECT_THAT(verb({"events"}).out, HasSubstr("crash"));
    EXPECT_THAT(verb({"logs"}).out, HasSubstr("ready"));
    EXPECT_THAT(verb({"crashes"}).out, HasSubstr("no crash reports"));
    expect_untouched();
    EXPECT_EQ(verb({"stop"}).exit_code, 0);
    EXPECT_EQ(verb({"status"}).exit_code, 3);
    EXPECT_EQ(verb({"stop"}).exit_code, 0);
    EXPECT_THAT(verb({"logs"}).out, HasSubstr("stopped"));
    expect_untouched();
}

TEST_F(RecordsTest, HelpAndCompletionDoNotConstructTheService) {
    EXPECT_THAT(verb({"--help"}).out, AllOf(HasSubstr("empties a file"), HasSubstr("--app.place")));
    EXPECT_EQ(verb({"--version"}).exit_code, 0);
    EXPECT_THAT(verb({"check", "--schema"}).out, HasSubstr("where the service is"));
    EXPECT_EQ(verb({"completion", "bash"}).exit_code, 0);
    EXPECT_THAT(verb({"complete", "--", "stat"}).out, HasSubstr("status"));
    EXPECT_THAT(verb({"complete", "--", "call", ""}).out, IsEmpty());
    start();
    EXPECT_THAT(verb({"complete", "--", "--config", config, "call", "cra"}).out, HasSubstr("crash"));
    expect_untouched();
}

TEST_F(RecordsTest, TheLeftoversOfAKilledServiceAreFound) {
    const pid_t pid = start();
    Process process{pid};
    process.signal(SIGKILL);
    ASSERT_TRUE(process.wait_for_end(std::chrono::seconds{30}));

    const Outcome status = verb({"status"});
    EXPECT_EQ(status.exit_code, 1) << status;
    EXPECT_THAT(status.out, AllOf(HasSubstr("not running"), HasSubstr(place + "/main/truncating-service.pid")));
    EXPECT_THAT(verb({"logs"}).out, HasSubstr("starting, pid"));
    expect_untouched();
}

TEST_F(RecordsTest, TheReportOfACrashIsFound) {
    const pid_t pid = start();
    Process process{pid};
    EXPECT_NE(verb({"call", "crash"}).exit_code, 0);
    ASSERT_TRUE(process.wait_for_end(std::chrono::seconds{30}));

    EXPECT_THAT(verb({"crashes"}).out, AllOf(HasSubstr("SIGABRT"), HasSubstr(place + "/main/")));
    EXPECT_THAT(verb({"crashes", "show"}).out, HasSubstr("SIGABRT"));
    expect_untouched();
}

TEST_F(RecordsTest, AnotherInstanceThanTheNamedOneIsNotUsed) {
    const pid_t pid = start();

    EXPECT_EQ(verb({"pid", "--app.instance", "other"}).exit_code, 3);
    const std::string other = directory.file("other.json");
    write_file(other, to_json(Object{{"app", Object{{"place", directory.file("elsewhere")}}}}));
    EXPECT_EQ(run_command({.arguments = {"truncating-service", "stop", "--config", other}}).exit_code, 0);
    EXPECT_EQ(verb({"pid"}).out, std::to_string(pid) + "\n");
}

TEST_F(RecordsTest, EachPlaceHasOneRecord) {
    start();
    ASSERT_EQ(verb({"stop"}).exit_code, 0);
    start();
    start({"--app.instance", "second"});

    EXPECT_EQ(records(), 2U);
    EXPECT_EQ(verb({"stop", "--app.instance", "second"}).exit_code, 0);
    expect_untouched();
}

TEST_F(RecordsTest, AStartSucceedsWithoutARecord) {
    fs::remove_all(records_directory());
    write_file(records_directory(), "");
    start();

    EXPECT_THAT(read_file(place + "/main/log"), AllOf(HasSubstr("warning"), HasSubstr("cannot leave a record")));
    EXPECT_EQ(verb({"status"}).exit_code, 0);
    EXPECT_EQ(read_file(file), "made\n");  // by the verb that had to run the load event
}

TEST_F(RecordsTest, RecordsInADirectoryThatOthersCanWriteAreIgnored) {
    start();
    fs::permissions(records_directory(), fs::perms::others_write, fs::perm_options::add);

    EXPECT_EQ(verb({"status"}).exit_code, 0);
    EXPECT_EQ(read_file(file), "made\n");
}

}  // namespace
}  // namespace servicekit::test
