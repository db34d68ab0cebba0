// Parse, dispatch and reply of a request, without input and output.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>
#include <string_view>
#include <thread>

#include <servicekit/os/event_loop.hpp>
#include <servicekit/policies.hpp>
#include <servicekit/service.hpp>

namespace {

/// What a control policy gets.
struct Opened {
    servicekit::Requests* requests;
    servicekit::os::EventLoop* loop;
};

/// Lets the benchmark make the requests.
class CaptureControl final : public servicekit::ControlPolicy {
public:
    explicit CaptureControl(std::promise<Opened>* opened = nullptr) : opened_{opened} {}
    servicekit::Result<void> open(servicekit::Requests& requests, servicekit::os::EventLoop& loop) override {
        if (opened_ != nullptr) opened_->set_value({&requests, &loop});
        return {};
    }
    void close() noexcept override {}
    [[nodiscard]] bool has_fixed_status() const noexcept override { return true; }

private:
    std::promise<Opened>* opened_;
};

class CountedReplies final : public servicekit::Responder {
public:
    bool progress(std::string_view /*line*/) override { return true; }
    Sent send_item(std::string_view /*line*/, std::function<void()> /*on_room*/) override { return Sent::yes; }
    void reply(std::string_view line) override {
        benchmark::DoNotOptimize(line);
        if (is_warming_up && line.find("\"running\"") != std::string_view::npos) ++replies_while_running;
    }
    void reply_and_close(std::string_view line) override { reply(line); }

    std::atomic<bool> is_warming_up{true};
    std::atomic<int> replies_while_running{0};
};

/// Requests on the thread that answers them, many at a time.
void answer_1000_statuses(benchmark::State& state) {
    using MeasuredService =
        servicekit::BasicService<servicekit::Foreground, servicekit::NoLock, servicekit::FileLog, CaptureControl>;
    const auto directory = std::filesystem::temp_directory_path() / ("servicekit-bench." + std::to_string(getpid()));
    std::filesystem::create_directory(directory);
    std::promise<Opened> captured;
    MeasuredService service{{.name = "bench",
                             .run_directory = directory,
                             .log_file = directory / "log",
                             .daemonize = false,
                             .with_signal_handlers = false},
                            {},
                            MeasuredService::Policies{.control = CaptureControl{&captured}}};
    std::thread runner{[&service] { static_cast<void>(service.start()); }};
    const Opened opened = captured.get_future().get();

    const auto responder = std::make_shared<CountedReplies>();
    const servicekit::Peer peer{.pid = 1, .uid = 0, .gid = 0, .groups = {0}, .role = servicekit::ControlRole::owner};
    const auto ask = [&](std::string_view request, int times) {
        std::chrono::duration<double> took{};
        std::binary_semaphore is_done{0};
        opened.loop->post([&] {
            const auto begun = std::chrono::steady_clock::now();
            for (int time = 0; time < times; ++time) opened.requests->request(request, peer, responder);
            took = std::chrono::steady_clock::now() - begun;
            is_done.release();
        });
        is_done.acquire();
        return took.count();
    };
    constexpr std::string_view request = R"(["status"])";
    // The event thread answers the first status of a service that runs, as it has to ask on_status().
    while (responder->replies_while_running < 2) static_cast<void>(ask(request, 1));
    responder->is_warming_up = false;
    for (auto _ : state) state.SetIterationTime(ask(request, 1000));
    static_cast<void>(ask(R"(["stop"])", 1));
    runner.join();
    std::filesystem::remove_all(directory);
}
BENCHMARK(answer_1000_statuses)->UseManualTime();

}  // namespace
