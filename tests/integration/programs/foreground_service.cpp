// A service that cannot go to the background and does not notify a service manager, as in a container.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    return servicekit::service_main<servicekit::ContainerService>(
        argc, argv, {.name = "foreground-service", .version = "1.0", .description = "stays in the foreground"});
}
