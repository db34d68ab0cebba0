// A service with a metric of each kind, whose texts and labels are hostile to the formats of monitoring systems.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

using servicekit::Arguments, servicekit::Context, servicekit::Reply;

class MetricsTrial final : public servicekit::Service {
public:
    MetricsTrial() {
        events().add(
            {.name = "add",
             .description = "adds to the lines",
             .parameters = {servicekit::Parameter{.name = "number", .type = servicekit::ParameterType::integer}},
             .handler = [this](const Arguments& arguments, Context&) {
                 lines_.add(arguments.get<std::uint64_t>("number"));
                 return Reply{};
             }});
    }

private:
    void on_start() override {
        health().add("good", [](const Context&) {}, {.interval = std::chrono::milliseconds{100}});
        health().add("bad", [](const Context&) { throw std::runtime_error{"a \"bad\"\nreason"}; },
                     {.interval = std::chrono::milliseconds{100}});
        metrics().counter("2nd.try", "begins with a digit").add(2);
        metrics().counter("sent.bytes", "with a unit", "bytes").add(UINT64_MAX);
        metrics().gauge("lowest", "a \\ and a \"quote\" and\na second line of help").set(INT64_MIN);
        metrics().real_gauge("load", "not finite").set(HUGE_VAL);
        metrics().real_gauge("unknown", "not a number").set(NAN);
        metrics().text("peer", "a text, which only status shows").set("192.0.2.7");
        const auto replies = metrics().labelled_counter("replies", "with hostile labels", {"path", "method"});
        const std::string all_bytes = [] {
            std::string bytes;
            for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
            return bytes;
        }();
        for (const std::string& value :
             {std::string{"a\\b\"c\nd\te"}, std::string{"\"} 1\nforged_total 7\n"}, std::string{"# TYPE forged gauge"},
              std::string{"\x1b]0;title\x07\x1b[31m"}, std::string{"\xff\xfe and \xc3"},
              std::string{"gr\xc3\xbc\xc3\x9f \xe2\x98\x83"}, std::string{}, std::string(3'000, 'x'),
              std::string{"with\0nul", 8}, all_bytes})
            replies.with({value, "get"}).add();
        const auto many = metrics().labelled_gauge("many", "more series than are kept", {"number"});
        for (int number = 0; number < 1'010; ++number) many.with({std::to_string(number)}).set(number);
        const servicekit::Histogram times =
            metrics().histogram("reply.time", "how long a reply takes", {0.001, 0.5, 1, 10}, "seconds");
        for (const int milliseconds : {0, 400, 700, 60'000}) times.observe(std::chrono::milliseconds{milliseconds});
        const auto sizes = metrics().labelled_histogram("request.size", "sizes", {"kind"}, {1e3, 1e6}, "bytes");
        sizes.with({"small \"one\""}).observe(10.0);
        sizes.with({"large"}).observe(1e300);
    }

    servicekit::Counter lines_ = metrics().counter("lines", "lines taken in");
};

int main(int argc, char** argv) {
    return servicekit::service_main<MetricsTrial>(argc, argv, {.name = "metrics-trial", .version = "1 \"beta\" \\ 2"});
}
