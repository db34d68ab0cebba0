#include <servicekit/main.hpp>

#include "just_another_server.hpp"
#include "line_server.hpp"

int main(int argc, char** argv) {
    LineServer server;
    JustAnotherServer service{server, {.name = "just-another-server", .version = "1.0"}};
    return servicekit::service_main(argc, argv, service);
}
