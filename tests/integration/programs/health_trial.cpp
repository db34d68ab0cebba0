// A service with health checks. Files in its run directory make them fail or hang: `broken`, `hangs`. The check that may
// hang has a short timeout only if `hangs` exists at the start. A busy machine may delay any run.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

using namespace std::chrono_literals;
using servicekit::Context;

class HealthTrial final : public servicekit::Service {
public:
    ~HealthTrial() override { std::ofstream{directory_ / "destroyed"} << "destroyed\n"; }
    HealthTrial() = default;
    HealthTrial(const HealthTrial&) = delete;
    HealthTrial& operator=(const HealthTrial&) = delete;

private:
    void on_start() override {
        directory_ = settings().get(servicekit::setting::run_directory);
        health().add("switch", [this](const Context&) { look_at_switch(); },
                     {.critical = true, .interval = 20ms, .timeout = 60s});
        const std::chrono::milliseconds timeout = std::filesystem::exists(directory_ / "hangs") ? 50ms : 60s;
        health().add("hangs", [this](const Context&) { hang(); }, {.interval = 20ms, .timeout = timeout});
    }
    void on_stop() override { log().info("on_stop ran"); }

    void look_at_switch() const {
        if (std::filesystem::exists(directory_ / "broken")) throw std::runtime_error{"it is broken"};
    }
    /// Ignores the stop token. The signals that end a pause() are blocked on this thread.
    void hang() const {
        while (std::filesystem::exists(directory_ / "hangs")) ::pause();
    }

    std::filesystem::path directory_ = ".";
};

int main(int argc, char** argv) {
    return servicekit::service_main<HealthTrial>(argc, argv, {.name = "health-trial", .version = "1.0"});
}
