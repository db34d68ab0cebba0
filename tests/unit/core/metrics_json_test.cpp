#include "core/metrics_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <variant>

#include "core/metrics_text.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/metrics.hpp"

namespace servicekit {
namespace {

class MetricsJsonTest : public ::testing::Test {
protected:
    MetricsJsonTest() {
        metrics.counter("lines", "lines taken in").add(UINT64_MAX);
        metrics.gauge("low", "a").set(INT64_MIN);
        metrics.real_gauge("load", "b").set(NAN);
        const auto limits = metrics.labelled_real_gauge("limit", "c", {"side"});
        limits.with({"upper"}).set(HUGE_VAL);
        limits.with({"lower"}).set(-HUGE_VAL);
        const auto replies = metrics.labelled_counter("replies", "sent", {"method"});
        replies.with({"get"}).add(2);
        replies.with({"put"}).add(1);
        metrics.histogram("reply", "how long", {0.1, 1}, "seconds").observe(0.5);
    }

    Metrics metrics{[](std::string_view) { return false; }};
};

TEST_F(MetricsJsonTest, HasANumberForEachSeries) {
    EXPECT_EQ(
        to_json(metrics_to_json(metrics.collect())),
        R"({"metrics":[{"name":"lines","type":"counter","help":"lines taken in","series":[{"value":18446744073709551615}]},)"
        R"({"name":"low","type":"gauge","help":"a","series":[{"value":-9223372036854775808}]},)"
        R"({"name":"load","type":"gauge","help":"b","series":[{"value":null}]},)"
        R"({"name":"limit","type":"gauge","help":"c","series":[{"labels":{"side":"upper"},"value":"+Inf"},)"
        R"({"labels":{"side":"lower"},"value":"-Inf"}]},)"
        R"({"name":"replies","type":"counter","help":"sent","series":[{"labels":{"method":"get"},"value":2},)"
        R"({"labels":{"method":"put"},"value":1}]},)"
        R"({"name":"reply_seconds","type":"histogram","help":"how long","unit":"seconds",)"
        R"("series":[{"buckets":[[0.1,0],[1.0,1],["+Inf",1]],"sum":0.5}]}]})");
}

TEST_F(MetricsJsonTest, NothingIsLostOnTheWay) {
    const auto families = metrics.collect();
    const auto parsed = parse_json(to_json(metrics_to_json(families)));
    const auto read = metrics_from_json(std::get<Value>(parsed).as_object());
    ASSERT_TRUE(read) << read.error().message();
    for (const auto format : {MetricsFormat::prometheus, MetricsFormat::openmetrics})
        EXPECT_EQ(metrics_text(*read, format), metrics_text(families, format));
}

TEST_F(MetricsJsonTest, AnyOtherReplyIsRefused) {
    for (
        const char* const text :
        {"{}", R"({"metrics":1})", R"({"metrics":[1]})",
         R"({"metrics":[{"name":"a","type":"b","help":"","series":[]}]})",
         R"({"metrics":[{"name":"a","type":"counter","help":"","series":[{"value":-1}]}]})",
         R"({"metrics":[{"name":"a","type":"gauge","help":"","series":[{"value":"1"}]}]})",
         R"({"metrics":[{"name":"a","type":"gauge","help":"","series":[{"labels":{"a":1},"value":1}]}]})",
         R"({"metrics":[{"name":"a","type":"histogram","help":"","series":[{"sum":1,"buckets":[[1]]}]}]})",
         R"({"metrics":[{"name":"a","type":"gauge","help":"","series":[{"value":1},{"labels":{"x":"y"},"value":1}]}]})"})
        EXPECT_FALSE(metrics_from_json(std::get<Value>(parse_json(text)).as_object())) << text;
}

}  // namespace
}  // namespace servicekit
