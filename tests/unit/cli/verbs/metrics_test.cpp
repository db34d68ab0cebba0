#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

class MetricsVerbTest : public ProgramFixture {
protected:
    MetricsVerbTest() {
        start_instance();
        replies["metrics"] =
            R"({"metrics":[{"name":"lines","type":"counter","help":"lines taken in","series":[{"value":3}]}]})";
    }
};

TEST_F(MetricsVerbTest, PrintsTheTextOfPrometheus) {
    EXPECT_EQ(run({"metrics"}), 0);
    EXPECT_EQ(out(), "# HELP lines_total lines taken in\n# TYPE lines_total counter\nlines_total 3\n");
}

TEST_F(MetricsVerbTest, PrintsOpenMetrics) {
    EXPECT_EQ(run({"metrics", "--openmetrics"}), 0);
    EXPECT_EQ(out(), "# HELP lines lines taken in\n# TYPE lines counter\nlines_total 3\n# EOF\n");
}

TEST_F(MetricsVerbTest, PrintsTheReplyAsJson) {
    EXPECT_EQ(run({"metrics", "--json"}), 0);
    EXPECT_THAT(out(), HasSubstr(R"("name":"lines")"));
}

TEST_F(MetricsVerbTest, ReportsAnotherReply) {
    replies["metrics"] = R"({"mine":1})";
    EXPECT_EQ(run({"metrics"}), 70);
    EXPECT_THAT(error(), HasSubstr("cannot read the metrics: the reply is not one of the event 'metrics'\n"));
}

}  // namespace
}  // namespace servicekit::cli
