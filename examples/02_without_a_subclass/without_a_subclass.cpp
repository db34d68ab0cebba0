// The greeter of example 01, built from functions.
#include <servicekit/configured.hpp>
#include <servicekit/main.hpp>

#include <string>

struct Config {
    std::string greeting = "hello";
};

void describe(servicekit::Schema<Config>& config) { config.add("greeting", &Config::greeting, "how it greets"); }

int main(int argc, char** argv) {
    servicekit::Configured<Config> service{{.name = "greeter"}};
    const auto greet = [&](const servicekit::Arguments& arguments, servicekit::Context&) {
        return servicekit::Reply{{"text", service.config().greeting + ", " + arguments.get<std::string>("name")}};
    };
    service.events().add({.name = "greet", .parameters = {{.name = "name"}}, .handler = greet});
    return servicekit::service_main(argc, argv, service);
}
