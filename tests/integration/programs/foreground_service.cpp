// A service that can neither go to the background nor notify its manager, as one for a container.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    return servicekit::service_main<servicekit::ContainerService>(
        argc, argv, {.name = "foreground-service", .version = "1.0", .description = "stays in the foreground"});
}
