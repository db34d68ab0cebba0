// A service with one event and one setting of its own.
#include <servicekit/configured.hpp>
#include <servicekit/main.hpp>

#include <string>

using servicekit::Arguments, servicekit::Context, servicekit::Reply;

struct Config {
    std::string greeting = "hello";
};

// The config file, the environment variables, the options, the help and the check at a reload all follow from this.
void describe(servicekit::Schema<Config>& config) { config.add("greeting", &Config::greeting, "how it greets"); }

class Greeter final : public servicekit::Configured<Config> {
public:
    Greeter() {
        events().add({.name = "greet",
                      .description = "greets somebody",
                      .parameters = {{.name = "name", .description = "whom to greet"}},
                      .handler = [this](const Arguments& arguments, Context&) { return greet(arguments); }});
    }

private:
    Reply greet(const Arguments& arguments) {
        greetings_.add();
        return {{"text", config().greeting + ", " + arguments.get<std::string>("name")}};
    }

    servicekit::Counter greetings_ = metrics().counter("greetings", "greetings that were given");
};

int main(int argc, char** argv) {
    return servicekit::service_main<Greeter>(argc, argv, {.name = "greeter", .version = "1.0"});
}
