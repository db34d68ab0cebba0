#include <servicekit/service.hpp>

int main() {
    servicekit::Service service{{.name = "consumer"}};
    return service.events().find("stop") != nullptr ? 0 : 1;
}
