// The greeter that docs/crashes.md and docs/operations.md show: its backup crashes, exits or hangs. $FAULT names what.
#include <chrono>
#include <cstdlib>
#include <string_view>

#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::Reply;

namespace {
volatile int* volatile nowhere = nullptr;
}

[[gnu::noinline]] void copy_tree(const char* directory) { *nowhere = directory[0]; }

class Greeter final : public servicekit::Service {
public:
    Greeter() {
        events().add({.name = "backup", .handler = [this](const Arguments&, Context&) {
                          back_up();
                          return Reply{};
                      }});
    }

private:
    void on_start() override {
        if (fault_ == "start") copy_tree(directory_);
    }

    [[gnu::noinline]] void back_up() {
        if (fault_ == "crash") copy_tree(directory_);
        if (fault_ == "exit") std::exit(7);
        wait_for(std::chrono::minutes{10});
    }

    const char* directory_ = "/srv/greeter";
    const char* const variable_ = std::getenv("FAULT");
    const std::string_view fault_ = variable_ == nullptr ? "" : variable_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<Greeter>(argc, argv, {.name = "greeter", .version = "1.0"});
}
