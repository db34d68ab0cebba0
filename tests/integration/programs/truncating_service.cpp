// A service whose constructor empties a file and whose load event sets the run directory.
#include <cstdlib>
#include <fstream>
#include <string>

#include "servicekit/configured.hpp"
#include "servicekit/main.hpp"

namespace {

struct Config {
    std::string place;
    std::string instance = "main";
};

void describe(servicekit::Schema<Config>& config) {
    config.add("place", &Config::place, "where the service is", {.required = true});
    config.add("instance", &Config::instance, "the name of the directory below it");
}

class TruncatingService final : public servicekit::Configured<Config> {
public:
    explicit TruncatingService(servicekit::ServiceOptions options) : Configured{std::move(options)} {
        const char* const path = std::getenv("FILE_TO_TRUNCATE");
        if (path != nullptr) std::ofstream{path} << "made\n";
        events().add({.name = "crash", .handler = [](const servicekit::Arguments&, servicekit::Context&) {
                          std::abort();
                          return servicekit::Reply{};
                      }});
    }

private:
    void on_load(servicekit::Settings& settings) override {
        const std::string directory = config().place + "/" + config().instance;
        settings.set(servicekit::setting::run_directory, directory);
        settings.set(servicekit::setting::log_file, directory + "/log");
    }
};

}  // namespace

int main(int argc, char** argv) {
    return servicekit::service_main<TruncatingService>(
        argc, argv, {.name = "truncating-service", .version = "1.0", .description = "empties a file"});
}
