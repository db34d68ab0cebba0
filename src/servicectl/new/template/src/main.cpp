#include "my_service.hpp"

int main(int argc, char** argv) {
    return servicekit::service_main<MyService>(
        argc, argv, {.name = "my-service", .version = PROGRAM_VERSION, .description = PROGRAM_DESCRIPTION});
}
