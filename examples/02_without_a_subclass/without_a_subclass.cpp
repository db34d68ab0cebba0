// The greeter of example 01, made of functions.
#include <servicekit/servicekit.hpp>

#include <string>

int main(int argc, char** argv) {
    std::string greeting;
    const auto on_load = [&](servicekit::Settings& settings) {
        greeting = settings.app().get<std::string>("greeting", "hello");
    };
    const auto greet = [&](const servicekit::Arguments& arguments, servicekit::Context&) {
        return servicekit::Reply{{"text", greeting + ", " + arguments.get<std::string>("name")}};
    };
    servicekit::Service service{{.name = "greeter"}, {.on_load = on_load}};
    service.events().add({.name = "greet", .parameters = {{.name = "name"}}, .handler = greet});
    return servicekit::service_main(argc, argv, service);
}
