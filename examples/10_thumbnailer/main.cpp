// A service that works by itself: a timer, a long event beside others that can be cancelled, values in the status, a secret.
#include <servicekit/main.hpp>

#include "thumbnailer.hpp"

int main(int argc, char** argv) {
    return servicekit::service_main<Thumbnailer>(argc, argv, {.name = "thumbnailer", .version = "1.0"});
}
