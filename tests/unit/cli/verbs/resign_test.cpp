#include "unit/cli/program_fixture.hpp"

#include <chrono>
#include <string>

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Lt;

class ResignTest : public ProgramFixture {
protected:
    ResignTest() { lock.stands_by = true; }
    [[nodiscard]] std::chrono::steady_clock::time_point now() { return host.host().clock->steady_now(); }
};

TEST_F(ResignTest, WaitsAsLongAsTheServiceMayTakeToStop) {
    start_instance();
    const auto begun = now();
    EXPECT_NE(run({"resign"}), 0);
    EXPECT_THAT(now() - begun, AllOf(Ge(910s), Lt(911s)));
}

TEST_F(ResignTest, WaitsNoLongerThanItIsTold) {
    start_instance();
    const auto begun = now();
    EXPECT_NE(run({"resign", "--timeout", "3"}), 0);
    EXPECT_THAT(now() - begun, AllOf(Ge(3s), Lt(4s)));
}

TEST_F(ResignTest, ARestartWaitsForAnotherInstanceNoLongerThanItIsTold) {
    start_instance();
    replies["status"] = R"({"state":"running","role":"active"})";
    replies["stop"] = R"({"result":"stop-initiated"})";
    const auto begun = now();
    auto stopped = begun;
    on_request = [&](const std::string& event) {
        if (event != "stop") return;
        stopped = now();
        end_instance_after(1s);
    };
    static_cast<void>(run({"restart", "--timeout", "3"}));
    EXPECT_THAT(stopped - begun, AllOf(Ge(3s), Lt(4s)));
    EXPECT_THAT(error(), HasSubstr("no other instance has stood by within 3 s"));
}

}  // namespace
}  // namespace servicekit::cli
