#include "servicekit/mocks/fake_line_reader.hpp"
#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EvalVerbTest : public ProgramFixture {
protected:
    EvalVerbTest() {
        start_instance();
        replies["eval"] = R"({"values":[["3"],["4","5"]],"output":"printed"})";
    }
};

TEST_F(EvalVerbTest, PrintsTheOutputAndTheValues) {
    EXPECT_EQ(run({"eval", "(+ 1 2)", "(values 4 5)"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"-(["eval",{"forms":["(+ 1 2)","(values 4 5)"]}])-"));
    EXPECT_EQ(out(), "printed\n3\n4\n5\n");
}

TEST_F(EvalVerbTest, PassesThePackageAndTheTimeOn) {
    EXPECT_EQ(run({"eval", "x", "--package", "APP", "--timeout", "2.5"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["eval",{"forms":["x"],"package":"APP","time-limit":2.5}])"));
}

TEST_F(EvalVerbTest, SaysWhatWentWrong) {
    replies["eval"] = R"({"error":{"code":"event-error","message":"boom","kind":"condition","type":"SIMPLE-ERROR"}})";
    EXPECT_EQ(run({"eval", "(error \"boom\")"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'eval': boom (event-error)\n");
    EXPECT_EQ(run({"eval"}), 64);
    EXPECT_THAT(error(), HasSubstr("which form?"));
}

}  // namespace
}  // namespace servicekit::cli
