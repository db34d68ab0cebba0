// A service that opens files before main(), in its constructor and in an asio::io_context, and uses them while it runs.
// The files are in the directory that the variable OPENED names.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::Reply;

namespace {

std::string opened(const std::string& name) {
    const char* const directory = std::getenv("OPENED");
    return (directory != nullptr ? std::string{directory} : std::string{"."}) + "/" + name;
}

struct StaticFile {
    explicit StaticFile(const std::string& name) : file{opened(name)} {}
    void write() { file << "static\n" << std::flush; }
    std::ofstream file;
};

// A program may have constructors that run before all its others.
[[gnu::init_priority(101)]] StaticFile first_file{"first"};  // NOLINT(cert-err58-cpp)
StaticFile static_file{"static"};                            // NOLINT(cert-err58-cpp)

}  // namespace

class EarlyOpener final : public servicekit::Service {
public:
    explicit EarlyOpener(servicekit::ServiceOptions options) : BasicService{std::move(options)} {
        for (std::size_t i = 0; i < files_.size(); ++i) files_.at(i).open(opened("member-" + std::to_string(i)));
        tick();
        wait_for_signal();
        events().add({.name = "ticks",
                      .description = "counts what the timer and the signal have done",
                      .handler =
                          [this](const Arguments&, Context&) {
                              return Reply{{"ticks", ticks_.load()}, {"signals", signals_received_.load()}};
                          },
                      .read_only = true});
    }

private:
    void on_start() override {
        first_file.write();
        static_file.write();
        for (std::ofstream& file : files_) file << "member\n" << std::flush;
        loop_thread_ = std::jthread{[this] { context_.run(); }};
    }

    void on_stop() override {
        context_.stop();
        loop_thread_ = {};
    }

    void tick() {
        timer_.expires_after(std::chrono::milliseconds{5});
        timer_.async_wait([this](const boost::system::error_code& failed) {
            if (failed) return;
            ++ticks_;
            tick();
        });
    }

    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& failed, int) {
            if (failed) return;
            ++signals_received_;
            wait_for_signal();
        });
    }

    std::array<std::ofstream, 6> files_;
    boost::asio::io_context context_;
    boost::asio::steady_timer timer_{context_};
    boost::asio::signal_set signals_{context_, SIGUSR2};
    std::atomic<int> ticks_{0};
    std::atomic<int> signals_received_{0};
    std::jthread loop_thread_;
};

int main(int argc, char** argv) {
    // Does not use the verbs: the program parses its own command line.
    if (argc == 3 && std::string_view{argv[1]} == "plain-start") {
        const std::string run = argv[2];
        EarlyOpener service{{.name = "early-opener", .run_directory = run, .log_file = run + "/log"}};
        return service.start();
    }
    return servicekit::service_main<EarlyOpener>(argc, argv, {.name = "early-opener"});
}
