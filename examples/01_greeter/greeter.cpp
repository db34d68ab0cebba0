// A service with one event and one setting of its own.
#include <servicekit/servicekit.hpp>

#include <cstdint>
#include <string>

using servicekit::Arguments, servicekit::Context, servicekit::Reply, servicekit::Settings;

class Greeter final : public servicekit::Service {
public:
    Greeter() {
        events().add({.name = "greet",
                      .description = "greets somebody",
                      .parameters = {{.name = "name", .description = "whom to greet"}},
                      .handler = [this](const Arguments& arguments, Context&) { return greet(arguments); }});
    }

private:
    // Runs before the start, and again at each reload.
    void on_load(Settings& settings) override {
        settings.app().allow_only({"greeting"});
        greeting_ = settings.app().get<std::string>("greeting", "hello");
    }

    void on_status(Reply& reply) override { reply.set("greetings", greetings_); }

    Reply greet(const Arguments& arguments) {
        ++greetings_;
        return {{"text", greeting_ + ", " + arguments.get<std::string>("name")}};
    }

    std::string greeting_;
    std::uint64_t greetings_ = 0;
};

int main(int argc, char** argv) {
    return servicekit::service_main<Greeter>(argc, argv, {.name = "greeter", .version = "1.0"});
}
