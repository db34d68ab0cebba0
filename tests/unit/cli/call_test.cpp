#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CallTest : public ProgramFixture {
protected:
    CallTest() {
        start_instance();
        replies["events"] = R"({"events":[{"name":"backup","parameters":[
            {"name":"directory","type":"path"},{"name":"level","type":"integer"}]}]})";
        std::erase(replies["events"], '\n');
        replies["backup"] = R"({"files":2})";
    }
};

TEST_F(CallTest, GivesArgumentsTheirTypes) {
    host.process.set_directory("/home/me");
    EXPECT_EQ(run({"call", "backup", "directory=data", "level=5"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{"directory":"/home/me/data","level":5}])");
    EXPECT_EQ(out(), "{\"files\":2}\n");
}

TEST_F(CallTest, SendsAJsonObjectAsItIs) {
    EXPECT_EQ(run({"call", "backup", "--json", R"({"level":[1]})"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{"level":[1]}])"));
}

TEST_F(CallTest, ResolvesPathsOfAJsonObjectToo) {
    host.process.set_directory("/home/me");
    EXPECT_EQ(run({"call", "backup", "--json", R"({"directory":"data","level":"data"})"}), 0);
    EXPECT_EQ(instance->requests.back(), R"(["backup",{"directory":"/home/me/data","level":"data"}])");
}

TEST_F(CallTest, RefusesArgumentsThatCanNotBe) {
    EXPECT_EQ(run({"call", "backup", "level=high"}), 64);
    EXPECT_EQ(error(), "just-another-server: cannot use the argument 'level=high': expected an integer\n");
}

TEST_F(CallTest, TellsTheServiceHowLongItWaits) {
    EXPECT_EQ(run({"call", "backup", "--timeout", "2.5"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{},{"timeout":2.5}])"));
    EXPECT_EQ(run({"call", "hang", "--timeout", "2.5"}), 75);
}

TEST_F(CallTest, SaysWhyAnEventFailed) {
    replies["backup"] = R"({"error":{"code":"event-error","message":"disk full"}})";
    EXPECT_EQ(run({"call", "backup"}), 1);
    EXPECT_EQ(out(), "");
    EXPECT_EQ(error(), "just-another-server: cannot run 'backup': disk full (event-error)\n");
}

TEST_F(CallTest, ShowsProgressOnATerminal) {
    host.streams.set_terminal(os::Stream::error, true);
    host.environment.set("TERM", "xterm");
    host.environment.set("NO_COLOR", "1");
    replies["backup"] = R"({"progress":{"done":1,"total":2,"message":"a"}})"
                        "\n{}";
    EXPECT_EQ(run({"call", "backup"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["backup",{},{"progress":true}])"));
    EXPECT_THAT(error(), HasSubstr("]  50%  a\033[K"));
    EXPECT_THAT(error(), ::testing::EndsWith("\r\033[K"));
}

TEST_F(CallTest, SaysWhatTheServiceDoesNotAllow) {
    replies["backup"] =
        R"({"error":{"code":"not-allowed","message":"uid 7 may not","event":"backup","needs":"admin"}})";
    EXPECT_EQ(run({"call", "backup"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'backup': uid 7 may not (not-allowed)\n");
}

}  // namespace
}  // namespace servicekit::cli
